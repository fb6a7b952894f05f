// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The end of TCP connections. A closed pair goes into a queue; new flows take out what has lingered long enough, so
// that a table that never evicts is not filled by connections that are over.
#pragma once
#include "bpf/lib/drain.h"
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

}  // namespace beeline
