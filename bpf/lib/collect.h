// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Taking pairs out of the flow table, next to the packets that may bring them back to life: the agent says which
// (src/kernel/collector.h), and what it saw may be long ago.
#pragma once
#include "bpf/lib/age.h"
#include "bpf/lib/move.h"

namespace beeline {

// An entry of `flows`, or of the table that was, and the other one of its pair; null: there is none, or it is another
// flow's by now.
template <class F>
struct Pair {
    typename F::Key key, twin;
    typename F::Flow *entry, *other;
    u32 stamp, other_stamp;  // read before anything else of the entries
};

// Entries of the young table are not the collector's.
template <class F>
INLINE typename F::Flow* find_proved(const typename F::Key& key) {
    auto* entry = lookup(flows<F>(), key);
    return entry ? entry : find_other<F>(key);
}

template <class F>
INLINE bool find_pair(const typename F::Key& key, Pair<F>& pair) {
    pair.key = key;
    pair.entry = find_proved<F>(pair.key);
    pair.other = nullptr;
    pair.other_stamp = abi::stamp_dead;
    if (!pair.entry) return false;
    pair.stamp = read_once(pair.entry->stamp);
    barrier();
    pair.twin = abi::reply_key(pair.key, *pair.entry);
    auto* other = find_proved<F>(pair.twin);
    if (!other) return true;
    pair.other_stamp = read_once(other->stamp);
    barrier();
    if (call_leads_to(other, pair.twin, pair.key)) pair.other = other;
    return true;
}

// Is it the collector's to judge, and over? Of two entries the originator's speaks for the pair, so that no pair is
// marked and removed in one sweep.
template <class F>
INLINE bool is_over(const Pair<F>& pair) {
    if (pair.stamp == abi::stamp_rewriting || (pair.other && pair.other_stamp == abi::stamp_rewriting)) return false;
    if (abi::is_reply(*pair.entry) && pair.other) return false;
    return call_is_over(*pair.entry, pair.other, pair.key.proto);
}

// A packet that comes between the look at the stamps and the second deletion finds one entry of two at worst, and makes
// the pair anew as for any that was lost.
template <class F>
INLINE u8 remove_marked(const Pair<F>& pair) {
    bool dead = read_once(pair.entry->stamp) == abi::stamp_dead;
    if (pair.other) dead = dead && read_once(pair.other->stamp) == abi::stamp_dead;
    if (!dead) return 0;
    u8 removed = pair.other && remove_any<F>(pair.twin) != 0;
    return static_cast<u8>(removed + (remove_any<F>(pair.key) != 0));
}

template <class F>
INLINE void collect_pair(abi::Candidate& row, const typename F::Key& key) {
    Pair<F> pair;
    if (!find_pair<F>(key, pair) || !is_over<F>(pair)) return;
    if (row.what == static_cast<u8>(abi::Collect::remove)) {
        row.removed = remove_marked<F>(pair);
        return;
    }
    row.marked = mark(pair.entry, pair.stamp);
    if (pair.other) row.marked = static_cast<u8>(row.marked + mark(pair.other, pair.other_stamp));
}

// Both entries, from whichever tables have them.
template <class F>
INLINE void flush_pair(abi::Candidate& row, const typename F::Key& key) {
    auto* entry = find_any<F>(key);
    if (!entry) return;
    typename F::Key twin = abi::reply_key(key, *entry);
    auto* other = find_any<F>(twin);
    if (other && call_leads_to(other, twin, key)) row.removed = remove_any<F>(twin);
    row.removed = static_cast<u8>(row.removed + remove_any<F>(key));
}

template <class F>
INLINE void collect_one(abi::Candidate& row) {
    typename F::Key key;
    __builtin_memcpy(&key, &row.key, sizeof key);
    row.marked = row.removed = 0;
    switch (static_cast<abi::Collect>(row.what)) {
        case abi::Collect::flush:
            return flush_pair<F>(row, key);
        case abi::Collect::copy:
            return copy_entry<F>(row, key);
        case abi::Collect::settle:
            return settle_entry<F>(row, key);
        default:
            return collect_pair<F>(row, key);
    }
}

}  // namespace beeline
