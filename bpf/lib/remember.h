// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage remember: the two entries of a new flow. The reply's key is claimed first and only if nobody has it: two
// flows must never share the tuple their answers come back with.
#pragma once
#include "bpf/lib/age.h"
#include "bpf/lib/stable.h"

namespace beeline {

constexpr s64 err_exists = -17;
constexpr int claim_tries = 8;

// A TCP flow goes straight into the flow table while the CPU's budget of unreplied flows lasts.
INLINE bool take_budget(Scratch* s) {
    u64 budget = bl_tcp_budget;
    if (s->budget_generation != budget >> 32) {
        s->budget_generation = budget >> 32;
        s->budget_left = static_cast<u32>(budget);
    }
    if (s->budget_left == 0) return false;
    s->budget_left--;
    return true;
}

// The container behind this next hop has its quota of flows.
template <class F>
INLINE bool is_crowded(u32 hop) {
    const u32* families = lookup(bl_crowded, hop);
    return families && (*families & (is_v4<F> ? abi::crowded4 : abi::crowded6));
}

// The pair of w.old and w.twin may be taken over: dead, or silent for too long in both directions.
template <class F>
INLINE bool is_over(const Work<F>& w) {
    if (w.old.stamp == abi::stamp_dead) return true;
    const typename F::Flow* twin = find_any<F>(w.twin);
    return call_is_over(w.old, twin, w.origin.proto);
}

enum class Clash : u8 { mine, gone, live };

// Who has my reply key? Its rewrite, reversed, is its originator's tuple.
template <class F>
INLINE Clash judge_clash(Context* ctx, Work<F>& w) {
    if (!read_stable<F>(ctx, w, w.answer)) return Clash::gone;
    w.twin = abi::reply_key(w.answer, w.old);  // who asked for these answers
    if ((w.old.flags & abi::flow_reply) && same_tuple<F>(w.twin, w.origin)) return Clash::mine;
    if (!is_over<F>(w)) return Clash::live;
    remove_any<F>(w.twin);
    remove_any<F>(w.answer);
    return Clash::gone;
}

enum class Claimed : u8 { fresh, mine, clash, full };

// NOEXIST in one table, then a look into the others: whoever comes second sees the first.
template <class F>
INLINE Claimed try_claim(Context* ctx, Work<F>& w) {
    s64 error = put<F>(w.table, w.answer, w.reply, BPF_NOEXIST);
    if (error == 0) {
        auto* other = w.table ? lookup(flows<F>(), w.answer) : lookup(young<F>(), w.answer);
        if (!other && !find_other<F>(w.answer)) return Claimed::fresh;
        take_back<F>(w.table, w.answer);
    } else if (error != err_exists) {
        return Claimed::full;
    }
    if (judge_clash<F>(ctx, w) != Clash::mine) return Claimed::clash;
    return put<F>(w.table, w.answer, w.reply, BPF_ANY) == 0 ? Claimed::mine : Claimed::full;
}

// The next port to try. A masqueraded flow takes them in their order; any other first tries once more what it has.
template <class F>
INLINE Verdict change_port(Context* ctx, Work<F>& w) {
    (void)ctx;
    bool ported = has_ports<F>(w.origin.proto);
    abi::NatBucket* bucket = w.nat ? bucket_of<F>(w.sent) : nullptr;
    if (bucket && (ported || w.origin.proto == F::icmp))
        w.sent.sport = next_port<F>(w.sent, bucket);
    else if (!w.nat && w.attempt > 0 && ported)
        w.sent.sport = be16(static_cast<u16>(1024 + bpf_get_prandom_u32() % 64512));
    else
        return proceed();
    w.rebuild = 1;
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(change_port)

namespace beeline {

// One attempt. The caller repeats while it answers Claimed::clash; a full table degrades to the young one, which
// recycles by itself. The first clash may have been with a dead flow, gone now; after that the port changes.
template <class F>
INLINE Verdict claim_once(Context* ctx, Work<F>& w) {
    bool taken = w.nat && step_of(call_ask_host<F>(ctx)) != Step::proceed;
    Claimed claimed = taken ? Claimed::clash : try_claim<F>(ctx, w);
    if (claimed == Claimed::full && w.table == 0) {
        w.table = 1;
        w.note = static_cast<u8>(abi::Reason::degraded);
        claimed = Claimed::clash;
    } else if (claimed == Claimed::clash) {
        call_change_port<F>(ctx);
    }
    w.attempt++;
    w.claimed = static_cast<u8>(claimed);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(claim_once)

namespace beeline {

// Every try met somebody's port: a destination of masqueraded flows is closed for a moment, so that a flood of new ones
// does not cost eight tries a packet.
template <class F>
INLINE Verdict no_port(const Work<F>& w) {
    if (!w.nat) return drop(abi::Reason::tuple_clash);
    u32 time = static_cast<u32>(bpf_jiffies64());
    if (abi::NatBucket* bucket = bucket_of<F>(w.sent)) bucket->closed = time ? time : 1;
    return drop(abi::Reason::nat_no_port);
}

// The reply's key is ours, or a verdict.
template <class F>
INLINE Verdict claim_reply(Context* ctx, Work<F>& w) {
    w.attempt = 0;
    w.claimed = static_cast<u8>(Claimed::clash);
#pragma clang loop unroll(disable)
    for (int i = 0; i < claim_tries && w.claimed == static_cast<u8>(Claimed::clash); i++) {
        w.rebuild = 0;
        call_claim_once<F>(ctx);
        if (w.rebuild) call_build_entries<F>(ctx);
    }
    if (w.claimed == static_cast<u8>(Claimed::full)) return drop(abi::Reason::flow_table_full);
    return w.claimed == static_cast<u8>(Claimed::clash) ? no_port<F>(w) : proceed();
}

// The pair was in the young table when this flow was looked for, or in the table that was, and has moved since.
template <class F>
INLINE bool has_moved(const Work<F>& w) {
    return (w.table && lookup(flows<F>(), w.origin)) || find_other<F>(w.origin);
}

// The originator's key is taken. By another CPU that was first with the same flow: its decision counts, mine goes. By a
// leftover (the container was made anew under its address): it is replaced.
template <class F>
INLINE s64 settle_forward(Work<F>& w) {
    auto* entry = find_any<F>(w.origin);
    bool won = entry && call_copy_current(entry, w.origin, w.old) && w.old.in_if == w.forward.in_if;
    if (!won) {
        remove_any<F>(w.origin);
        return put<F>(w.table, w.origin, w.forward, BPF_ANY);
    }
    if (w.claimed == static_cast<u8>(Claimed::fresh)) remove_any<F>(w.answer);
    w.forward = w.old;
    return 0;
}

// The flow table had room for one entry of two: both go to the young table.
template <class F>
INLINE s64 degrade(Work<F>& w) {
    take_back<F>(0, w.answer);
    w.table = 1;
    w.note = static_cast<u8>(abi::Reason::degraded);
    s64 error = put<F>(w.table, w.answer, w.reply, BPF_NOEXIST);
    return error ? error : put<F>(w.table, w.origin, w.forward, BPF_NOEXIST);
}

template <class F>
INLINE Verdict insert_forward(Context* ctx, Work<F>& w) {
    (void)ctx;
    s64 error = put<F>(w.table, w.origin, w.forward, BPF_NOEXIST);
    if (error == 0 && has_moved<F>(w)) {
        take_back<F>(w.table, w.origin);
        error = err_exists;
    }
    if (error == err_exists) error = settle_forward<F>(w);
    if (error != 0 && w.table == 0) error = degrade<F>(w);
    if (error == 0) return proceed();
    remove_any<F>(w.answer);
    return drop(abi::Reason::flow_table_full);
}

}  // namespace beeline
BEELINE_STAGE(insert_forward)

namespace beeline {

// Where a new flow goes: 0 flows, 1 young; w.note says why it must prove itself although it is TCP.
template <class F>
INLINE u8 choose_table(Work<F>& w) {
    Scratch* s = scratch();
    if (w.origin.proto != abi::proto_tcp || !s) return 1;
    abi::Reason why = abi::Reason::crowded;
    if (!is_crowded<F>(w.source.hop)) {
        if (take_budget(s)) return 0;
        why = abi::Reason::unproved;
    }
    w.note = static_cast<u8>(why);
    return 1;
}

template <class F>
INLINE Verdict remember_new(Context* ctx, Work<F>& w) {
    w.note = 0;
    w.table = choose_table<F>(w);
    STAGE(claim_reply<F>(ctx, w));
    Verdict verdict = call_insert_forward<F>(ctx);
    if (w.note) count(static_cast<abi::Reason>(w.note), static_cast<abi::Hook>(w.hook), w.length);
    return verdict;
}

}  // namespace beeline
