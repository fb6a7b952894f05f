// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The slow path: a packet without a current decision. The stages in their order, then the same act() as the fast
// path. One program a family, which every hook jumps into.
#include "bpf/lib/answer.h"
#include "bpf/lib/dispatch.h"
#include "bpf/lib/emit.h"
#include "bpf/lib/existing.h"
#include "bpf/lib/fragment.h"
#include "bpf/lib/neighbour.h"
#include "bpf/lib/related.h"
#include "bpf/lib/route.h"
#include "bpf/lib/whole.h"

namespace beeline {

// act() with the entry that was chosen.
template <class F>
INLINE Verdict follow(__sk_buff* ctx, Work<F>& w) {
    auto hook = static_cast<abi::Hook>(w.hook & (abi::hook_slots - 1));
    return act<F>(ctx, w.packet, entry_in_use<F>(w), hook);
}

}  // namespace beeline
BEELINE_STAGE(served)
BEELINE_STAGE(follow)

namespace beeline {

// A flow that policy denies is not remembered; one that it cuts is, so that neither end can begin it anew.
template <class F>
INLINE Verdict deny(__sk_buff* ctx, Work<F>& w, Verdict policy) {
    if (!w.redecided || w.late) return policy;
    bury<F>(w, reason_of(policy));
    STAGE(call_renew<F>(ctx));
    return policy;
}

template <class F>
INLINE Verdict decide(__sk_buff* ctx, Work<F>& w) {
    STAGE(route<F>(ctx, w));
    Verdict policy = check_policy<F>(w);
    if (step_of(policy) != Step::proceed) return deny<F>(ctx, w, policy);
    w.news = !w.redecided || (is_denied(w.old) && !w.late) || !same_tuple<F>(w.sent, w.hint.sent);
    make_way(ctx);
    if (!w.late) STAGE(w.redecided ? call_renew<F>(ctx) : remember_new<F>(ctx, w));
    if (w.from_reply && !same_tuple<F>(w.answer, w.seen)) return drop(abi::Reason::no_flow);
    w.use = static_cast<u8>(w.from_reply ? Use::reply : Use::forward);
    return proceed();
}

// The hook that jumped here.
INLINE abi::Hook hook_of(u32 note) {
    return static_cast<abi::Hook>(note & (abi::hook_slots - 1));
}

template <class F>
INLINE void begin(__sk_buff* ctx, Work<F>& w, u32 note) {
    abi::Hook hook = hook_of(note);
    begin_at<F>(w, hook);
    w.in_if = came_by(ctx, hook);
    w.unknown = note & note_unknown ? 1 : 0;
}

// No flow of ours knows it: of what arrives, a service may.
template <class F>
INLINE Verdict is_for_others(__sk_buff* ctx, Work<F>& w) {
    return w.own ? done(tc_pass, abi::Reason::not_ours) : call_served<F>(ctx);
}

template <class F>
INLINE Verdict stages(__sk_buff* ctx, Work<F>& w) {
    if (is_at(w, abi::Hook::to_netdev) && !w.own) {
        STAGE(call_leaving<F>(ctx));
        return call_follow<F>(ctx);
    }
    STAGE(existing<F>(ctx, w));
    if (w.use == static_cast<u8>(Use::nothing)) {
        if (may_be_others<F>(w) && !w.redecided) STAGE(is_for_others<F>(ctx, w));
        STAGE(decide<F>(ctx, w));
    }
    return call_follow<F>(ctx);
}

// The one place that reports: counts, tells the agent, answers the sender.
template <class F>
INLINE int finish(__sk_buff* ctx, Work<F>& w, Verdict verdict) {
    auto hook = static_cast<abi::Hook>(w.hook);
    count(reason_of(verdict), hook, w.length);
    if (step_of(verdict) == Step::done) {
        if (w.news) tell<F>(ctx, w, abi::EventKind::flow, abi::Reason::forwarded);
        return action_of(verdict);
    }
    tell<F>(ctx, w, abi::EventKind::drop, reason_of(verdict));
    if (step_of(verdict) != Step::refuse) return tc_drop;
    Verdict answered = call_answer<F>(ctx);
    return step_of(answered) == Step::done ? action_of(answered) : tc_drop;
}

// What is for others, or from others, passes, as it does in the fast path.
template <class F>
INLINE bool passes_by(const Work<F>& w) {
    auto parsed = static_cast<Parsed>(w.parsed);
    if (is_at(w, abi::Hook::from_netdev) && parsed == Parsed::neighbour) return true;
    return is_others<F>(w.packet, parsed, {static_cast<abi::Hook>(w.hook), w.own != 0, w.led.port != 0});
}

// The headers, with the ports of a fragment.
template <class F>
INLINE Verdict read_headers(__sk_buff* ctx, Work<F>& w) {
    call_read_packet<F>(ctx);
    if (w.parsed != static_cast<u8>(Parsed::fragment)) return proceed();
    Verdict found = call_find_ports<F>(ctx);
    bool others = is_at(w, abi::Hook::to_netdev) || may_be_others<F>(w);
    if (step_of(found) == Step::proceed || !others) return found;
    return done(tc_pass, abi::Reason::not_ours);
}

template <class F>
INLINE Verdict handle_error(__sk_buff* ctx, Work<F>& w) {
    bool checked = is_pod<F>(w.seen.daddr) || is_at(w, abi::Hook::from_container);
    if (checked) STAGE(check_source<F>(ctx, w));
    STAGE(call_related<F>(ctx));
    return call_follow<F>(ctx);
}

template <class F>
INLINE Verdict handle_parsed(__sk_buff* ctx, Work<F>& w) {
    if (!bl_config.ready) return drop(abi::Reason::no_config);
    if (passes_by<F>(w)) return done(tc_pass, abi::Reason::not_ours);
    switch (static_cast<Parsed>(w.parsed)) {
        case Parsed::ok:
            return stages<F>(ctx, w);
        case Parsed::icmp_error:
            return handle_error<F>(ctx, w);
        case Parsed::neighbour:
            if constexpr (!is_v4<F>) return static_cast<Verdict>(bl_neighbour(ctx));
            return drop(abi::Reason::icmp_type);
        case Parsed::refused:
            return drop(w.packet.reason);
        default:
            return drop(abi::Reason::bad_header);
    }
}

template <class F>
INLINE Verdict handle(__sk_buff* ctx, Work<F>& w, u32 note) {
    w.hook = static_cast<u8>(hook_of(note));
    w.own = note & note_own ? 1 : 0;
    w.length = length_of(ctx);
    take_led(ctx, note, w.led);
    Verdict read = read_headers<F>(ctx, w);
    begin<F>(ctx, w, note);
    return step_of(read) == Step::proceed ? handle_parsed<F>(ctx, w) : read;
}

template <class F>
INLINE int slow(__sk_buff* ctx) {
    Scratch* s = scratch();
    if (!s) return tc_drop;
    Work<F>* w = work_in<F>(s);
    u32 note = note_of(ctx);
    set_note(ctx, 0);
    return finish<F>(ctx, *w, handle<F>(ctx, *w, note));
}

INLINE int arp(__sk_buff* ctx) {
    u32 note = note_of(ctx);
    set_note(ctx, 0);
    return answer_arp(ctx, hook_of(note));
}

}  // namespace beeline

extern "C" {
SEC("tc") int bl_slow4(__sk_buff* ctx) {
    return beeline::slow<beeline::V4>(ctx);
}
SEC("tc") int bl_slow6(__sk_buff* ctx) {
    return beeline::slow<beeline::V6>(ctx);
}
SEC("tc") int bl_arp(__sk_buff* ctx) {
    return beeline::arp(ctx);
}
}
