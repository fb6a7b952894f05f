// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Events for the agent: first packets, changed verdicts, drops. Never one a packet of an established flow.
#pragma once
#include "abi/hook.h"
#include "bpf/lib/frame.h"
#include "bpf/rt/skb.h"

namespace beeline {

constexpr u16 events_per_tick = 256;  // of one reason on one CPU in 64 jiffies

// Four at a time, one after the other: a loop is what the verifier goes through as often as it turns.
INLINE void renew_events(Scratch& s) {
    using Four [[gnu::may_alias]] = u64;
    constexpr u32 fours = abi::reason_slots / 4;
    static_assert(sizeof s.events_left == fours * sizeof(u64) && __builtin_offsetof(Scratch, events_left) % 8 == 0);
    auto* words = reinterpret_cast<Four*>(s.events_left);
#pragma clang loop unroll(full)
    for (u32 i = 0; i < fours; i++)
        words[i] = events_per_tick * 0x0001000100010001ULL;
}

// A flood may not own the ring: past the budget events are counted and the next one that passes tells how many.
INLINE bool event_allowed(Scratch* s, u32 reason, u32& suppressed) {
    u32 tick = now();
    reason &= abi::reason_slots - 1;
    if (s->event_tick != tick) {
        s->event_tick = tick;
        renew_events(*s);
    }
    if (s->events_left[reason] == 0) {
        s->events_suppressed[reason]++;
        return false;
    }
    s->events_left[reason]--;
    suppressed = s->events_suppressed[reason];
    s->events_suppressed[reason] = 0;
    return true;
}

INLINE void put_addr(u32 (&out)[4], const abi::Addr4& a) {
    out[0] = a.be;
    out[1] = out[2] = out[3] = 0;
}
INLINE void put_addr(u32 (&out)[4], const abi::Addr6& a) {
    __builtin_memcpy(out, &a, sizeof out);
}

// The reader polls; it is woken only when the ring is a quarter full.
INLINE u64 wakeup() {
    return bpf_ringbuf_query(&bl_events, BPF_RB_AVAIL_DATA) > abi::event_bytes / 4 ? BPF_RB_FORCE_WAKEUP
                                                                                   : BPF_RB_NO_WAKEUP;
}

template <class F>
INLINE Verdict emit(Context* ctx, const Work<F>& w) {
    auto kind = static_cast<abi::EventKind>(w.event);
    auto reason = static_cast<abi::Reason>(w.reason & (abi::reason_slots - 1));
    Scratch* s = scratch();
    u32 suppressed = 0;
    if (!s || !event_allowed(s, static_cast<u32>(reason), suppressed)) return proceed();
    auto* e = static_cast<abi::Event*>(bpf_ringbuf_reserve(&bl_events, sizeof(abi::Event), 0));
    if (!e) {  // the ring is full
        s->events_suppressed[static_cast<u32>(reason) & (abi::reason_slots - 1)] += suppressed + 1;
        return proceed();
    }
    e->time_ns = bpf_ktime_get_coarse_ns();
    put_addr(e->saddr, w.origin.saddr);
    put_addr(e->daddr, w.origin.daddr);
    put_addr(e->backend, w.sent.daddr);
    e->sport = w.origin.sport;
    e->dport = w.origin.dport;
    e->backend_port = w.sent.dport;
    e->length = static_cast<u16>(w.length > 0xffff ? 0xffff : w.length);
    e->ifindex = device_of(ctx);
    e->src_identity = w.source.identity;
    e->dst_identity = w.destination.identity;
    e->rule = w.rule;
    e->suppressed = suppressed;
    e->kind = static_cast<u8>(kind);
    e->hook = w.hook;
    e->family = F::number;
    e->proto = w.origin.proto;
    e->reason = static_cast<u8>(reason);
    e->tcp = w.packet.tcp;
    e->flags = static_cast<u8>((w.redecided ? abi::event_redecided : 0) | (w.service ? abi::event_translated : 0) |
                               (w.from_reply ? abi::event_reply : 0));
    e->pad = 0;
    e->pad2 = 0;
    bpf_ringbuf_submit(e, wakeup());
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(emit)

namespace beeline {

// What happened to the packet in hand, told to the agent.
template <class F>
INLINE void tell(Context* ctx, Work<F>& w, abi::EventKind kind, abi::Reason reason) {
    w.event = static_cast<u8>(kind);
    w.reason = static_cast<u8>(reason);
    call_emit<F>(ctx);
}

}  // namespace beeline
