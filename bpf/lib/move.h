// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A flow table grows: entries go from the table that was, in bl_other4/6, into `flows`, next to the packets that use
// them (docs/datapath/flow-table.md). Two steps with a grace period between them: a packet that found the old entry
// before it was copied may write into it until its program ends.
#pragma once
#include "bpf/lib/epoch.h"
#include "bpf/lib/pair.h"

namespace beeline {

// The copy is whole and of this key.
template <class F, class Table>
INLINE bool copy_stable(Table& table, const typename F::Key& key, typename F::Flow& copy) {
    auto* entry = lookup(table, key);
    if (!entry) return false;
    u32 stamp = read_once(entry->stamp);
    barrier();
    __builtin_memcpy(&copy, entry, sizeof copy);
    barrier();
    return lookup(table, key) == entry && read_once(entry->stamp) == stamp && stamp != abi::stamp_rewriting;
}

// From now on packets find the entry in `flows` first. The old one dies, so that who still reads it decides anew; flags
// that are seen in it later were noted later.
template <class Flow>
INLINE u8 retire(Flow* entry, const Flow& copy) {
    if (!entry || !mark(entry, copy.stamp)) return 0;
    entry->tcp &= static_cast<u8>(~copy.tcp);
    entry->flags &= static_cast<u8>(~(copy.flags & abi::flow_closed));
    return 1;
}

template <class F>
INLINE void copy_entry(abi::Candidate& row, const typename F::Key& key) {
    auto* table = map_in(other_slot<F>());
    typename F::Flow copy;
    if (!table || !copy_stable<F>(*table, key, copy)) return;
    if (update(flows<F>(), key, copy, BPF_NOEXIST) != 0) return;
    row.marked = 1;
    auto* old = lookup(*table, key);
    if (!old) remove(flows<F>(), key);  // somebody has removed it from both, and was here before the copy
    retire(old, copy);
}

// What was written into the old entry after it was copied.
template <class Flow>
INLINE void take_over(Flow* mine, const Flow& late) {
    mine->tcp |= late.tcp;
    mine->flags |= late.flags & abi::flow_closed;
    if (late.packets > mine->packets) mine->packets = late.packets;
    if (late.bytes > mine->bytes) mine->bytes = late.bytes;
}

template <class F>
INLINE void settle_entry(abi::Candidate& row, const typename F::Key& key) {
    auto* table = map_in(other_slot<F>());
    auto* mine = lookup(flows<F>(), key);
    typename F::Flow late, now;
    if (!table || !mine || !copy_stable<F>(*table, key, late)) return;
    take_over(mine, late);
    if (late.stamp == abi::stamp_dead) {
        row.removed = remove(*table, key) == 0;
        return;
    }
    // It was decided anew, or nobody could copy it because `flows` had an entry: that one counts, if it is current.
    if (!read_current(mine, key, now)) overwrite(mine, late);
    row.marked = retire(lookup(*table, key), late);
}

}  // namespace beeline
