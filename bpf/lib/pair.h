// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The tables as one, for who does not care which of them has an entry. Two of them, and a third one while the flow
// table grows: the table that these programs' predecessors use, or their successors (docs/datapath/flow-table.md).
#pragma once
#include "bpf/lib/tables.h"

namespace beeline {

template <class F>
INLINE bool same_tuple(const typename F::Key& a, const typename F::Key& b) {
    return (difference(a.saddr, b.saddr) | difference(a.daddr, b.daddr) | static_cast<u32>(a.sport ^ b.sport) |
            static_cast<u32>(a.dport ^ b.dport)) == 0;
}

template <class F>
INLINE typename F::Flow* search_other(const typename F::Key& key) {
    auto* table = map_in(other_slot<F>());
    return table ? lookup(*table, key) : nullptr;
}
// Pairs move into `flows`, and are there before they leave where they were: who finds nothing looks there once more.
template <class F>
INLINE typename F::Flow* search_tables(const typename F::Key& key) {
    if (auto* entry = lookup(flows<F>(), key)) return entry;
    if (auto* entry = lookup(young<F>(), key)) return entry;
    if (auto* entry = search_other<F>(key)) return entry;
    return lookup(flows<F>(), key);
}
template <class F>
INLINE int remove_from_tables(const typename F::Key& key) {
    auto* other = map_in(other_slot<F>());
    int removed = (remove(flows<F>(), key) == 0) + (remove(young<F>(), key) == 0);
    if (other) removed += remove(*other, key) == 0;
    return removed;
}

// Functions of their own: five lookups each, in many places, and the kernel rewrites every lookup of a program when it
// loads it, moving all that follows. Static, so that they may return pointers.
[[maybe_unused]] NOINLINE static abi::Flow4* find_other4(const abi::FlowKey4* key) {
    return search_other<V4>(*key);
}
[[maybe_unused]] NOINLINE static abi::Flow6* find_other6(const abi::FlowKey6* key) {
    return search_other<V6>(*key);
}
[[maybe_unused]] NOINLINE static abi::Flow4* find_flow4(const abi::FlowKey4* key) {
    return search_tables<V4>(*key);
}
[[maybe_unused]] NOINLINE static abi::Flow6* find_flow6(const abi::FlowKey6* key) {
    return search_tables<V6>(*key);
}
[[maybe_unused]] NOINLINE static int remove_flow4(const abi::FlowKey4* key) {
    return remove_from_tables<V4>(*key);
}
[[maybe_unused]] NOINLINE static int remove_flow6(const abi::FlowKey6* key) {
    return remove_from_tables<V6>(*key);
}

template <class F>
INLINE typename F::Flow* find_any(const typename F::Key& key) {
    if constexpr (is_v4<F>)
        return find_flow4(&key);
    else
        return find_flow6(&key);
}
template <class F>
INLINE typename F::Flow* find_other(const typename F::Key& key) {
    if constexpr (is_v4<F>)
        return find_other4(&key);
    else
        return find_other6(&key);
}
// How many there were.
template <class F>
INLINE u8 remove_any(const typename F::Key& key) {
    if constexpr (is_v4<F>)
        return static_cast<u8>(remove_flow4(&key));
    else
        return static_cast<u8>(remove_flow6(&key));
}
template <class F>
INLINE s64 put(u8 table, const typename F::Key& key, const typename F::Flow& flow, u64 flags) {
    return table ? update(young<F>(), key, flow, flags) : update(flows<F>(), key, flow, flags);
}
template <class F>
INLINE void take_back(u8 table, const typename F::Key& key) {
    if (table)
        remove(young<F>(), key);
    else
        remove(flows<F>(), key);
}

// One CPU wins the claim on the stamp, writes the decision and then the new stamp; readers meanwhile see "rewriting"
// and decide for themselves. Counters, TCP flags and times of the entry go on.
template <class Flow>
INLINE void overwrite(Flow* entry, const Flow& f) {
    u32 seen = read_once(entry->stamp);
    if (seen == abi::stamp_rewriting || seen == f.stamp) return;
    if (__sync_val_compare_and_swap(&entry->stamp, seen, static_cast<u32>(abi::stamp_rewriting)) != seen) return;
    barrier();
    entry->in_if = f.in_if;
    __builtin_memcpy(entry->slot, f.slot, sizeof f.slot);
    entry->hop = f.hop;
    entry->sport = f.sport;
    entry->dport = f.dport;
    entry->saddr = f.saddr;
    entry->daddr = f.daddr;
    entry->csum_addr = f.csum_addr;
    entry->csum_l4 = f.csum_l4;
    entry->flags = static_cast<u8>(f.flags | (entry->flags & abi::flow_closed));
    entry->deliver = f.deliver;
    entry->reason = f.reason;
    entry->src_identity = f.src_identity;
    entry->dst_identity = f.dst_identity;
    barrier();
    write_once(entry->stamp, f.stamp);
}
}  // namespace beeline

// Verified once, whichever table the entry stands in.
extern "C" {
SHARED int bl_overwrite4(beeline::abi::Flow4* entry, const beeline::abi::Flow4* f) {
    if (entry && f) beeline::overwrite(entry, *f);
    return 0;
}
SHARED int bl_overwrite6(beeline::abi::Flow6* entry, const beeline::abi::Flow6* f) {
    if (entry && f) beeline::overwrite(entry, *f);
    return 0;
}
}

namespace beeline {
INLINE void call_overwrite(abi::Flow4* entry, const abi::Flow4& f) {
    bl_overwrite4(entry, &f);
}
INLINE void call_overwrite(abi::Flow6* entry, const abi::Flow6& f) {
    bl_overwrite6(entry, &f);
}

// Is `entry`, which stands under `key`, the other one of the pair that `other` is a key of? Not if another flow has got
// its key.
template <class F>
INLINE int leads_to(const typename F::Flow* entry, const typename F::Key* key, const typename F::Key* other) {
    return entry && key && other && same_tuple<F>(abi::reply_key(*key, *entry), *other);
}
}  // namespace beeline

extern "C" {
SHARED int bl_leads_to4(const beeline::abi::Flow4* entry, const beeline::abi::FlowKey4* key,
                        const beeline::abi::FlowKey4* other) {
    return beeline::leads_to<beeline::V4>(entry, key, other);
}
SHARED int bl_leads_to6(const beeline::abi::Flow6* entry, const beeline::abi::FlowKey6* key,
                        const beeline::abi::FlowKey6* other) {
    return beeline::leads_to<beeline::V6>(entry, key, other);
}
}

namespace beeline {
INLINE bool call_leads_to(const abi::Flow4* entry, const abi::FlowKey4& key, const abi::FlowKey4& other) {
    return bl_leads_to4(entry, &key, &other);
}
INLINE bool call_leads_to(const abi::Flow6* entry, const abi::FlowKey6& key, const abi::FlowKey6& other) {
    return bl_leads_to6(entry, &key, &other);
}

// Nobody's decision any more. A stamp that is another by now belongs to a new decision, or to another key: it stays.
template <class Flow>
INLINE u8 mark(Flow* entry, u32 seen) {
    if (!entry || seen == abi::stamp_dead) return 0;
    return __sync_val_compare_and_swap(&entry->stamp, seen, static_cast<u32>(abi::stamp_dead)) == seen;
}

}  // namespace beeline
