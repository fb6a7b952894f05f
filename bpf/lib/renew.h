// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage remember, for a flow that exists and was decided again: both entries are rewritten in place.
#pragma once
#include "bpf/lib/remember.h"

namespace beeline {

// Another decision under the same stamp (the counters of what it depends on add up alike) would be hidden from who
// reads while it is written: the element is replaced.
template <class F>
INLINE void store(u8 table, const typename F::Key& key, typename F::Flow& f) {
    auto* entry = lookup(flows<F>(), key);
    u8 where = 0;
    if (!entry && (entry = lookup(young<F>(), key))) where = 1;
    if (!entry) entry = find_other<F>(key);
    if (!entry) {
        put<F>(table, key, f, BPF_NOEXIST);
        return;
    }
    if (read_once(entry->stamp) != f.stamp) return call_overwrite(entry, f);
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
    if (entry && call_copy_current(entry, w.twin, w.old)) return proceed();
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
BEELINE_STAGE(renew)
