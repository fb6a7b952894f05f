// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A packet without a current decision, from the beginning to the two entries of its flow; policy is still to be asked.
#pragma once
#include "bpf/lib/entry.h"

namespace beeline {

// Nothing is known but the packet.
template <class F>
INLINE void begin_at(Work<F>& w, abi::Hook hook) {
    w.seen = w.origin = w.sent = w.packet.key;
    w.hint.known = 0;
    w.source = w.destination = {};
    w.rule = w.service = w.in_if = 0;
    w.hook = static_cast<u8>(hook);
    w.use = static_cast<u8>(Use::nothing);
    w.by_netdev = is_at(w, abi::Hook::from_netdev);
    w.from_reply = w.redecided = w.young = w.hairpin = w.table = w.news = w.nat = w.late = w.direct = 0;
}

// Global, source, destination and frontend counters: read before the first lookup they guard.
template <class F>
INLINE void read_counters(Work<F>& w, u32& destination) {
    auto front = frontend_key<F>(w.origin.daddr, w.origin.dport, w.origin.proto);
    w.slot[abi::slot_source] = abi::slot_addr(w.origin.saddr);
    w.slot[abi::slot_front] = abi::slot_frontend(front);
    w.slot[abi::slot_destination] = abi::slot_addr(w.origin.daddr);
    w.sum = epoch(abi::slot_global) + epoch(w.slot[abi::slot_source]) + epoch(w.slot[abi::slot_front]);
    destination = epoch(w.slot[abi::slot_destination]);
    barrier();
}

// A translated destination has its own counter, read before anything is looked up by it.
template <class F>
INLINE void settle_destination(Work<F>& w, u32 destination) {
    if (!same(w.sent.daddr, w.origin.daddr)) {
        w.slot[abi::slot_destination] = abi::slot_addr(w.sent.daddr);
        destination = epoch(w.slot[abi::slot_destination]);
    }
    w.sum += destination;
    barrier();
}

template <class F>
INLINE void read_hop_counters(Work<F>& w) {
    w.forward_hop_epoch = epoch(abi::slot_hop(w.destination.hop));
    w.reply_hop_epoch = epoch(abi::slot_hop(w.source.hop));
    barrier();
}

// Everything before policy: who speaks to whom, through which service, and by which way.
template <class F>
INLINE Verdict route(Context* ctx, Work<F>& w) {
    u32 destination = 0;
    read_counters<F>(w, destination);
    STAGE(check_source<F>(ctx, w));
    STAGE(call_translate_service<F>(ctx));
    settle_destination<F>(w, destination);
    STAGE(call_identify<F>(ctx));
    if (w.led.port && !w.destination.local && !w.destination.node) return drop(abi::Reason::no_endpoint);
    read_hop_counters<F>(w);
    if (bl_config.remote && w.destination.remote) STAGE(call_masquerade<F>(ctx));
    return call_build_entries<F>(ctx);
}

}  // namespace beeline
