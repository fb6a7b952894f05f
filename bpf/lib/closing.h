// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The end of TCP connections. A closed pair goes into a queue; new flows take out what has lingered long enough, so
// that a table that never evicts is not filled by connections that are over.
#pragma once
#include "bpf/lib/renew.h"

namespace beeline {

INLINE void closing_key(abi::Closing& c, const abi::FlowKey4& key) {
    __builtin_memset(&c.key, 0, sizeof c.key);
    __builtin_memcpy(&c.key, &key, sizeof key);
    c.family = 4;
}
INLINE void closing_key(abi::Closing& c, const abi::FlowKey6& key) {
    c.key = key;
    c.family = 6;
}

template <class F>
INLINE void queue_closed(const typename F::Key& origin) {
    abi::Closing closing;
    closing_key(closing, origin);
    closing.when = now();
    bpf_map_push_elem(&bl_closing, &closing, 0);  // full: the collector finds the pair
}

// FIN or RST in this direction: note it; when both sides are done, the pair is closed.
template <class F>
INLINE void note_close(Work<F>& w, typename F::Flow* entry) {
    u8 tcp = w.packet.tcp;
    auto* twin = find_any<F>(w.twin);
    entry->tcp |= tcp & (abi::tcp_fin | abi::tcp_rst);
    bool both_fin = twin && (entry->tcp & abi::tcp_fin) && (twin->tcp & abi::tcp_fin);
    if (!both_fin && !(tcp & abi::tcp_rst)) return;
    if (entry->flags & abi::flow_closed) return;
    entry->flags |= abi::flow_closed;
    if (twin) twin->flags |= abi::flow_closed;
    queue_closed<F>(w.old.flags & abi::flow_reply ? w.twin : w.seen);
}

// An RST without sequence tracking proves nothing: a later packet of that direction shows that the flow lives.
template <class F>
INLINE void revive(Work<F>& w, typename F::Flow* entry) {
    entry->tcp &= static_cast<u8>(~abi::tcp_rst);
    auto* twin = find_any<F>(w.twin);
    if (twin && (twin->tcp & abi::tcp_fin) && (entry->tcp & abi::tcp_fin)) return;
    entry->flags &= static_cast<u8>(~abi::flow_closed);
    if (twin) twin->flags &= static_cast<u8>(~abi::flow_closed);
}

INLINE u32 linger() {
    return bl_hurry ? bl_config.hurry_linger : bl_config.close_linger;
}

template <class F>
INLINE void reap(const typename F::Key& key) {
    auto* entry = find_any<F>(key);
    if (!entry || !(entry->flags & abi::flow_closed)) return;
    if (now() - entry->last < linger()) return;
    u32 stamp = read_once(entry->stamp);
    barrier();
    typename F::Key twin = abi::reply_key(key, *entry);
    barrier();
    if (find_any<F>(key) != entry || read_once(entry->stamp) != stamp) return;  // recycled meanwhile
    auto* other = find_any<F>(twin);
    typename F::Key back = other ? abi::reply_key(twin, *other) : key;
    if (other && same_tuple<F>(back, key)) remove_any<F>(twin);  // not if another flow has got it
    remove_any<F>(key);
}

// The head of the queue leaves, if it has lingered long enough. False: it stays, or there is none.
INLINE bool drain_one() {
    abi::Closing closing;
    if (bpf_map_peek_elem(&bl_closing, &closing) < 0) return false;
    if (now() - closing.when < linger()) return false;
    if (bpf_map_pop_elem(&bl_closing, &closing) < 0) return false;
    if (closing.family == 4) {
        abi::FlowKey4 key;
        __builtin_memcpy(&key, &closing.key, sizeof key);
        reap<V4>(key);
    } else {
        reap<V6>(closing.key);
    }
    return true;
}

}  // namespace beeline

extern "C" NOINLINE int bl_drain_closing(__sk_buff* ctx) {
    asm volatile("" : : "r"(ctx));  // as in frame.h
    return beeline::drain_one();
}
