// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage remember, for a flow that exists and was decided again: both entries are rewritten in place.
#pragma once
#include "bpf/lib/remember.h"

namespace beeline {

// One CPU wins the claim on the stamp, writes the decision and then the new stamp; readers meanwhile see "rewriting"
// and decide for themselves. Counters, TCP flags and times of the entry go on.
template <class F>
INLINE void overwrite(typename F::Flow* entry, const typename F::Flow& f) {
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

// Another decision under the same stamp (the counters of what it depends on add up alike) would be hidden from who
// reads while it is written: the element is replaced.
template <class F>
INLINE void store(u8 table, const typename F::Key& key, typename F::Flow& f) {
    auto* entry = lookup(flows<F>(), key);
    u8 where = entry ? 0 : 1;
    if (!entry) entry = lookup(young<F>(), key);
    if (!entry) {
        put<F>(table, key, f, BPF_NOEXIST);
        return;
    }
    if (read_once(entry->stamp) != f.stamp) return overwrite<F>(entry, f);
    bool same_decision = entry->hop == f.hop && entry->deliver == f.deliver && same(entry->saddr, f.saddr) &&
                         same(entry->daddr, f.daddr) && entry->sport == f.sport && entry->dport == f.dport;
    if (same_decision) return;  // another CPU was first
    f.tcp = entry->tcp;
    f.packets = entry->packets;
    f.bytes = entry->bytes;
    put<F>(where, key, f, BPF_ANY);
}

template <class F>
INLINE Verdict overwrite_pair(__sk_buff* ctx, Work<F>& w) {
    (void)ctx;
    store<F>(w.table, w.answer, w.reply);
    store<F>(w.table, w.origin, w.forward);
    return proceed();
}

// Translated otherwise than before: the old answers' key is no longer ours. Unless it is current: then another CPU has
// decided since, for that backend again, and this decision is the older one.
template <class F>
INLINE Verdict drop_old_answer(__sk_buff* ctx, Work<F>& w) {
    (void)ctx;
    w.twin = mirrored<F>(w.hint.sent);
    auto* entry = find_any<F>(w.twin);
    if (entry && read_current(entry, w.twin, w.old)) return proceed();
    remove_any<F>(w.twin);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(overwrite_pair)
BEELINE_STAGE(drop_old_answer)

namespace beeline {

// The flow stays in the table where its originator's entry stands.
template <class F>
INLINE Verdict renew(__sk_buff* ctx, Work<F>& w) {
    w.table = w.young;
    if (!w.hint.known || !same_tuple<F>(w.sent, w.hint.sent)) {
        if (w.hint.known) call_drop_old_answer<F>(ctx);
        STAGE(claim_reply<F>(ctx, w));
    }
    return call_overwrite_pair<F>(ctx);
}

}  // namespace beeline
