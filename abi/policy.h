// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Network policy rows. Rows belong to a policy set, not to an endpoint: a new set is written whole under a new
// id, then the endpoint's `policy` word is switched. Endpoints with the same rules share one set.
#pragma once
#include "abi/row.h"

namespace beeline::abi {

enum Direction : u8 { ingress = 0, egress = 1 };

// Port 0: all ports of the protocol. proto 0: all protocols (port 0 then too). peer 0: everybody.
struct PolicyKey {
    u32 set;
    u32 peer;  // identity
    u16 port;  // destination port, network order
    u8 proto;
    u8 direction;
};
static_assert(is_wire<PolicyKey> && sizeof(PolicyKey) == 12);

enum class PolicyVerdict : u32 { deny = 0, allow = 1 };
struct PolicyRow {
    u32 check;
    u32 verdict;
    u32 rule;  // model::rule_id: which rule of which NetworkPolicy
};
static_assert(is_wire<PolicyRow> && sizeof(PolicyRow) == 12);

// The `policy` word of an endpoint: set id in the low half; which directions are isolated, and which shapes of
// rows the set has (so that lookups that cannot hit are not made) in the high half.
enum PolicyShape : u32 {  // which of the six lookups of a direction can hit
    shape_peer_port = 1,
    shape_peer_proto = 2,
    shape_peer_all = 4,
    shape_any_port = 8,
    shape_any_proto = 16,
    shape_any_all = 32,
};
constexpr u64 policy_valid = 1ULL << 63;  // set on every real word: 0 means "no policy yet, drop"
constexpr u64 policy_isolated(Direction d) {
    return 1ULL << (32 + d);
}
constexpr u32 policy_shape_shift(Direction d) {
    return d == ingress ? 34 : 40;
}
constexpr u64 policy_word(u32 set, bool isolated_in, bool isolated_out, u32 shape_in, u32 shape_out) {
    return policy_valid | set | (isolated_in ? policy_isolated(ingress) : 0) |
           (isolated_out ? policy_isolated(egress) : 0) |
           (static_cast<u64>(shape_in & 63) << policy_shape_shift(ingress)) |
           (static_cast<u64>(shape_out & 63) << policy_shape_shift(egress));
}
constexpr u32 policy_set_of(u64 word) {
    return static_cast<u32>(word);
}
constexpr bool policy_isolates(u64 word, Direction d) {
    return word & policy_isolated(d);
}
constexpr u32 policy_shapes(u64 word, Direction d) {
    return static_cast<u32>(word >> policy_shape_shift(d)) & 63;
}

}  // namespace beeline::abi
