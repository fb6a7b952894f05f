// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who owns an address: local containers (bl_endpoints4/6) and everybody else with a known identity
// (bl_identities4/6).
#pragma once
#include "abi/row.h"

namespace beeline::abi {

// Identities below 256 are reserved, with the meaning users know from Cilium.
enum Identity : u32 {
    identity_any = 0,  // in policy rows only
    identity_host = 1,
    identity_world = 2,
    identity_unmanaged = 3,
    identity_remote_node = 6,  // an address of another node
    identity_first_user = 256,
    identity_last_user = 65535,
};

struct Endpoint {
    u32 check;
    u32 ifindex;  // host side of the veth
    u64 policy;   // policy set and its shape, see abi/policy.h; 0: nothing may pass yet
    u32 identity;
    u32 hop;    // row of bl_hops that delivers to the container; its smac is the host side's MAC
    u8 mac[6];  // the container's
    u16 id;     // endpoint id, 1..65535
};
static_assert(is_wire<Endpoint> && sizeof(Endpoint) == 32);

struct IdentityRow {
    u32 check;
    u32 identity;
    u32 flags;  // IdentityFlags
};
static_assert(is_wire<IdentityRow> && sizeof(IdentityRow) == 12);
enum IdentityFlags : u32 {
    identity_is_node = 1,    // an address of this node: its own stack answers
    identity_node_port = 2,  // … and it answers on node ports
};

}  // namespace beeline::abi
