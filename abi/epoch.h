// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Epoch slots: what a flow's decision depends on, as indexes into one array of counters.
// A slot is a hash of the packet's own values, so a miss depends on the same counters as a hit
// (docs/datapath/flow-table.md, "Staleness"). The agent bumps; the datapath only reads.
#pragma once
#include "abi/hash.h"

namespace beeline::abi {

constexpr u32 epoch_slots = 8192;  // 32 KiB of u32 counters
constexpr u16 slot_global = 0;     // configuration, prefix rows, wildcards
constexpr u16 slot_hop_first = 1;  // 1..255: next hops
constexpr u16 slot_hop_count = 255;
constexpr u16 slot_hashed_first = 256;  // the rest: addresses and frontends

constexpr u16 hashed_slot(u32 h) {
    u32 slot = h & (epoch_slots - 1);
    return static_cast<u16>(slot < slot_hashed_first ? slot + epoch_slots / 2 : slot);
}
constexpr u16 slot_hop(u32 hop) {
    return static_cast<u16>(slot_hop_first + hop % slot_hop_count);
}

template <class Addr>
__attribute__((always_inline)) inline u16 slot_addr(const Addr& addr) {
    return hashed_slot(mix(addr));
}
// FrontendKey is FrontendKey4 or FrontendKey6 (abi/service.h).
template <class FrontendKey>
__attribute__((always_inline)) inline u16 slot_frontend(const FrontendKey& key) {
    return hashed_slot(mix(key) ^ 0x5bd1e995u);
}

// A stamp is a sum of key and decision (flow_stamp() in abi/flow.h) + the sum of the counters; 0 and 1 are taken.
constexpr u32 stamp_dead = 0;       // no decision; the entry is about to go
constexpr u32 stamp_rewriting = 1;  // one CPU is writing a new decision
constexpr u32 make_stamp(u32 content, u32 counters) {
    u32 stamp = content + counters;
    return stamp <= stamp_rewriting ? 2 : stamp;
}

}  // namespace beeline::abi
