// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Epoch counters: read before the lookup they guard, never after.
#pragma once
#include "abi/epoch.h"
#include "bpf/lib/maps.h"

namespace beeline {

INLINE u32 epoch(u32 slot) {
    return bl_epochs[opaque(slot) & (abi::epoch_slots - 1)];
}

// Sum of what a stored decision depends on.
template <class Flow>
INLINE u32 epoch_sum(const Flow& f) {
    return epoch(abi::slot_global) + epoch(f.slot[0]) + epoch(f.slot[1]) + epoch(f.slot[2]) + epoch(f.slot[3]);
}

// The double read: `copy` is the entry of `key`, whole, and its decision is current.
template <class Key, class Flow>
INLINE bool read_current(const Flow* entry, const Key& key, Flow& copy) {
    u32 before = read_once(entry->stamp);
    barrier();
    __builtin_memcpy(&copy, entry, sizeof(Flow));
    barrier();
    u32 sum = epoch_sum(copy);
    barrier();
    u32 after = read_once(entry->stamp);
    return before == after && before == abi::flow_stamp(key, copy, sum);
}

template <class Key, class Flow>
INLINE int copy_current(const Flow* entry, const Key* key, Flow* copy) {
    return entry && key && copy && read_current(entry, *key, *copy);
}

}  // namespace beeline

// For the slow path: the verifier goes through them once, and not for every way to the same entry.
extern "C" {
SHARED int bl_copy_current4(const beeline::abi::Flow4* entry, const beeline::abi::FlowKey4* key,
                            beeline::abi::Flow4* copy) {
    return beeline::copy_current(entry, key, copy);
}
SHARED int bl_copy_current6(const beeline::abi::Flow6* entry, const beeline::abi::FlowKey6* key,
                            beeline::abi::Flow6* copy) {
    return beeline::copy_current(entry, key, copy);
}
}

namespace beeline {
INLINE bool call_copy_current(const abi::Flow4* entry, const abi::FlowKey4& key, abi::Flow4& copy) {
    return bl_copy_current4(entry, &key, &copy);
}
INLINE bool call_copy_current(const abi::Flow6* entry, const abi::FlowKey6& key, abi::Flow6& copy) {
    return bl_copy_current6(entry, &key, &copy);
}
}  // namespace beeline
