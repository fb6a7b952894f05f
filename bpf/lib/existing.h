// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage existing: what the tables know of this packet's flow. A current entry settles it; a stale one leaves a hint.
#pragma once
#include "bpf/lib/closing.h"

namespace beeline {

// Move a pair that has proved itself from the young table: into `flows` first, so that its tuples are never free.
template <class F>
INLINE void promote(Work<F>& w) {
    if (put<F>(0, w.twin, w.reply, BPF_NOEXIST) != 0) return;
    if (put<F>(0, w.seen, w.old, BPF_NOEXIST) != 0) {
        remove(flows<F>(), w.twin);
        return;
    }
    remove(young<F>(), w.seen);
    remove(young<F>(), w.twin);
}

constexpr u32 one_way_packets = 64;  // a flow nobody answers proves itself after this many

// The originator's packet met its entry in the young table. False: the twin is gone, decide anew.
template <class F>
INLINE bool grow_up(Work<F>& w) {
    auto* twin = find_any<F>(w.twin);
    if (!twin || !call_copy_current(twin, w.twin, w.reply)) return false;
    bool closing = w.packet.tcp & (abi::tcp_fin | abi::tcp_rst);  // one that ends proves nothing
    bool proved = w.reply.packets > 0 || w.old.packets >= one_way_packets;
    if (!closing && proved && !is_crowded<F>(w.reply.hop)) promote<F>(w);
    return true;
}

// Does the originator of this answer come by one of the node's devices? Its own entry says so.
template <class F>
INLINE bool opened_by_netdev(const Work<F>& w) {
    auto* entry = find_any<F>(w.twin);
    return entry ? entry->in_if == 0 : delivers(w.old, abi::Deliver::neigh);
}

// Who opened the connection, and what it was translated to.
template <class F>
INLINE void take_hint(Work<F>& w) {
    w.from_reply = w.old.flags & abi::flow_reply ? 1 : 0;
    if (w.from_reply) {
        w.origin = w.twin;
        w.hint.sent = mirrored<F>(w.seen);
        w.by_netdev = opened_by_netdev<F>(w);
    } else {
        w.by_netdev = w.old.in_if == 0;
        w.origin = w.seen;
        w.hint.sent = mirrored<F>(w.twin);
    }
    w.sent = w.hint.sent;
    w.source.identity = w.old.src_identity;
    w.destination.identity = w.old.dst_identity;
    w.hint.known = 1;
}

// A SYN on a connection that is over begins a new one; on a living one it is a retransmission.
template <class F>
INLINE bool reopens(const Work<F>& w) {
    if ((w.packet.tcp & (abi::tcp_syn | abi::tcp_ack)) != abi::tcp_syn) return false;
    if (w.old.flags & abi::flow_closed || w.old.tcp & (abi::tcp_fin | abi::tcp_rst)) return true;
    auto* twin = find_any<F>(w.twin);
    return !twin || (twin->tcp & (abi::tcp_fin | abi::tcp_rst));
}

template <class F>
INLINE void forget_pair(Work<F>& w) {
    remove_any<F>(w.twin);
    remove_any<F>(w.seen);
}

// True: the connection was over, and this packet opens a new one.
template <class F>
INLINE bool follow_tcp(Work<F>& w, typename F::Flow* entry) {
    if (w.seen.proto != abi::proto_tcp || is_denied(w.old)) return false;
    if (reopens<F>(w)) {
        forget_pair<F>(w);
        return true;
    }
    if (w.packet.tcp & (abi::tcp_fin | abi::tcp_rst))
        note_close<F>(w, entry);
    else if (w.old.tcp & abi::tcp_rst)
        revive<F>(w, entry);
    return false;
}

// The packet belongs to this entry, whose decision is current or stale.
template <class F>
INLINE void use_entry(__sk_buff* ctx, Work<F>& w, typename F::Flow* entry, bool current) {
    w.twin = abi::reply_key(w.seen, w.old);
    if (follow_tcp<F>(w, entry)) return;
    u8 noted = w.packet.tcp & tcp_noted;
    if (is_denied(w.old)) noted &= static_cast<u8>(~(abi::tcp_fin | abi::tcp_rst));  // it ends nothing
    account<F>(entry, w.old, length_of(ctx), noted);
    w.old.packets++;
    w.old.tcp |= noted;
    take_hint<F>(w);
    if (current && w.young && !w.from_reply) current = grow_up<F>(w);
    w.redecided = !current;
    if (current) w.use = static_cast<u8>(Use::old);
}

// There is an entry. May the packet be of its flow?
template <class F>
INLINE void meet(__sk_buff* ctx, typename F::Flow* entry) {
    auto* w = work_of<F>(ctx);
    if (!w || !entry) return;
    bool current = call_copy_current(entry, w->seen, w->old);
    if (!current && !read_stable<F>(ctx, *w, w->seen)) return;
    if (may_enter(w->old.in_if, w->in_if, static_cast<abi::Hook>(w->hook))) use_entry<F>(ctx, *w, entry, current);
}

}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for each table that the entry may stand in.
extern "C" {
NOINLINE int bl_meet4(__sk_buff* ctx, beeline::abi::Flow4* entry) {
    beeline::meet<beeline::V4>(ctx, entry);
    return 0;
}
NOINLINE int bl_meet6(__sk_buff* ctx, beeline::abi::Flow6* entry) {
    beeline::meet<beeline::V6>(ctx, entry);
    return 0;
}
}

namespace beeline {
INLINE void call_meet(__sk_buff* ctx, abi::Flow4* entry) {
    bl_meet4(ctx, entry);
}
INLINE void call_meet(__sk_buff* ctx, abi::Flow6* entry) {
    bl_meet6(ctx, entry);
}

template <class F>
INLINE Verdict existing(__sk_buff* ctx, Work<F>& w) {
    // While the flow table grows, the hook may not have looked into the same one.
    bool looked = w.unknown && !map_in(other_slot<F>());
    typename F::Flow* entry = looked ? nullptr : lookup(flows<F>(), w.seen);
    if (!entry) {
        entry = lookup(young<F>(), w.seen);
        w.young = 1;
    }
    if (!entry) {
        entry = find_other<F>(w.seen);
        w.young = 0;
    }
    if (entry) call_meet(ctx, entry);
    return proceed();
}

// to_netdev: what the host's stack has routed leaves as its flow says, whatever has changed since it came; what is no
// flow of ours leaves as it is.
template <class F>
INLINE Verdict leaving(__sk_buff* ctx, Work<F>& w) {
    bool ours = read_stable<F>(ctx, w, w.seen) && delivers(w.old, abi::Deliver::routed);
    if (!ours) return done(tc_pass, abi::Reason::forwarded);
    w.use = static_cast<u8>(Use::old);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(leaving)
