// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The shortcut: what one TCP socket sends goes into the receive queue of its peer, past both stacks, where both are in
// containers of this node and in cgroups that asked for it (docs/datapath/shortcut.md). A direction may leave it at any
// message and never comes back: what has come by the stack is read after what has not.
#pragma once
#include "abi/socket_end.h"
#include "bpf/lib/account.h"
#include "bpf/lib/act.h"
#include "bpf/lib/epoch.h"
#include "bpf/lib/pair.h"
#include "bpf/lib/target.h"

// The kernel's: the places of these fields are found as the program is loaded. Every tcp_sock begins with the second.
struct tcp_sock {
    unsigned write_seq;
};
struct inet_connection_sock {
    const void* icsk_ulp_ops;
};

namespace beeline {

// Nothing else bounds what the reader has not read yet.
constexpr u32 most_unread = 256 * 1024;
constexpr u32 inet4 = 2, inet6 = 10;  // AF_INET, AF_INET6

// A field of a context, which must not be reached through another pointer than the context itself.
template <u32 place, class Ctx>
INLINE u32 word_of(Ctx* ctx) {
    u32 value;
    asm volatile("%[value] = *(u32 *)(%[ctx] + %[place])" : [value] "=r"(value) : [ctx] "r"(ctx), [place] "i"(place));
    return value;
}
template <u32 place, class Ctx>
INLINE abi::Addr6 address_of(Ctx* ctx) {
    return {{word_of<place>(ctx), word_of<place + 4>(ctx), word_of<place + 8>(ctx), word_of<place + 12>(ctx)}};
}

// Both contexts have the same fields. The remote port stands in them as 32 bits in network order.
template <class Ctx>
INLINE bool read_ends(Ctx* ctx, Ends& ends) {
    const u32 family = word_of<__builtin_offsetof(Ctx, family)>(ctx);
    ends.local_port = be16(static_cast<u16>(word_of<__builtin_offsetof(Ctx, local_port)>(ctx)));
    ends.remote_port = static_cast<u16>(word_of<__builtin_offsetof(Ctx, remote_port)>(ctx) >> 16);
    if (family == inet4) {
        ends.local = abi::mapped({word_of<__builtin_offsetof(Ctx, local_ip4)>(ctx)});
        ends.remote = abi::mapped({word_of<__builtin_offsetof(Ctx, remote_ip4)>(ctx)});
    } else {
        ends.local = address_of<__builtin_offsetof(Ctx, local_ip6)>(ctx);
        ends.remote = address_of<__builtin_offsetof(Ctx, remote_ip6)>(ctx);
    }
    return family == inet4 || family == inet6;
}
INLINE Ends seen_by_peer(const Ends& ends) {
    return {ends.remote, ends.local, ends.remote_port, ends.local_port, 0};
}

INLINE void put_flow_addresses(abi::FlowKey4& key, const Ends& ends) {
    key.saddr = {ends.local.be[3]};
    key.daddr = {ends.remote.be[3]};
}
INLINE void put_flow_addresses(abi::FlowKey6& key, const Ends& ends) {
    key.saddr = ends.local;
    key.daddr = ends.remote;
}

// From a container to a container of this node, as it is: policy allows it now, and its packets would pass no other
// hook than ours.
template <class Flow>
INLINE bool may_join(const Flow& f) {
    const bool local = delivers(f, abi::Deliver::peer) || delivers(f, abi::Deliver::veth);
    return local && f.in_if != 0 && !(f.flags & (abi::flow_nat_src | abi::flow_nat_dst | abi::flow_hairpin));
}

// Is what this socket sends a flow that may take the shortcut? Then `bytes` are counted there, if any.
template <class F>
INLINE bool is_open(const Ends& ends, u32 bytes) {
    typename F::Key key = {};
    put_flow_addresses(key, ends);
    key.sport = ends.local_port;
    key.dport = ends.remote_port;
    key.proto = abi::proto_tcp;
    auto* entry = find_any<F>(key);
    typename F::Flow copy = {};
    if (!entry || !call_copy_current(entry, key, copy) || !may_join(copy)) return false;
    if (bytes) account<F>(entry, copy, bytes, 0);
    return true;
}
}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for both ways of an IPv6 socket.
extern "C" {
NOINLINE int bl_is_open4(const beeline::Ends* ends, beeline::u32 bytes) {
    return ends && beeline::is_open<beeline::V4>(*ends, bytes);
}
NOINLINE int bl_is_open6(const beeline::Ends* ends, beeline::u32 bytes) {
    return ends && beeline::is_open<beeline::V6>(*ends, bytes);
}
}

namespace beeline {
INLINE bool call_is_open(const Ends& ends, u32 bytes) {
    return is_mapped(ends.remote) ? bl_is_open4(&ends, bytes) : bl_is_open6(&ends, bytes);
}

INLINE Joint* joint_of(bpf_sock* socket, u64 flags) {
    return static_cast<Joint*>(bpf_sk_storage_get(&bl_joints, socket, nullptr, flags));
}

// Data that came along with the handshake: to a listener that waits for them, or by Fast Open, acknowledged (the SYN
// itself counts one) or still to be.
INLINE bool has_begun(bpf_sock_ops* ctx) {
    return ctx->data_segs_in != 0 || ctx->snd_nxt != ctx->snd_una || ctx->bytes_acked > 1;
}

// A connection is established. One that has begun to talk already stays with the stack.
INLINE int join(bpf_sock_ops* ctx) {
    if (ctx->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) return 1;
    if (has_begun(ctx)) return 1;
    Ends ends = {};
    if (!read_ends(ctx, ends) || !call_is_open(ends, 0)) return 1;
    bpf_sock* socket = ctx->sk;
    Joint* mine = socket ? joint_of(socket, BPF_SK_STORAGE_GET_F_CREATE) : nullptr;
    if (!mine) return 1;
    mine->begun = ctx->snd_nxt;
    bpf_sock_hash_update(ctx, &bl_joined, &ends, BPF_NOEXIST);
    return 1;
}

// Where the messages of a direction are counted. Two that share a row only forget too early what is unread.
INLINE u32* turns_of(const Ends& ends) {
    u32 row = abi::mix(ends) & (turn_rows - 1);
    return lookup(bl_turns, row);
}

// Who sends has read what was sent to it, as far as anybody can tell.
INLINE bool has_room(Joint& mine, const Ends& peer, u32 bytes) {
    u32* turns = turns_of(peer);
    if (!turns) return false;
    const u32 now = read_once(*turns);
    u32 unread = mine.heard == now ? mine.unread : 0;
    mine.heard = now;
    mine.unread = unread + bytes;
    return unread + bytes <= most_unread;
}

// Nothing has gone by the stack: not what was refused here, and not what a call sends that began before it joined. And
// nobody stands between the program and TCP (TLS in the kernel, MPTCP).
INLINE bool has_all_taken_it(bpf_sock* socket, const Joint& mine) {
    const auto* tcp = static_cast<const unsigned char*>(bpf_skc_to_tcp_sock(socket));
    if (!tcp) return false;
    const auto* upper = tcp + __builtin_preserve_field_info(((inet_connection_sock*)nullptr)->icsk_ulp_ops, 0);
    const auto* written = tcp + __builtin_preserve_field_info(((tcp_sock*)nullptr)->write_seq, 0);
    return *reinterpret_cast<const u64*>(upper) == 0 && *reinterpret_cast<const u32*>(written) == mine.begun;
}

// Redirects the message, if its peer has joined as well.
INLINE void take_shortcut(sk_msg_md* ctx, Joint& mine, const Ends& ends) {
    Ends peer = seen_by_peer(ends);
    const u32 bytes = word_of<__builtin_offsetof(sk_msg_md, size)>(ctx);
    if (has_room(mine, peer, bytes) && call_is_open(ends, bytes))
        bpf_msg_redirect_hash(ctx, &bl_joined, &peer, BPF_F_INGRESS);
}

INLINE int pass_on(sk_msg_md* ctx) {
    bpf_sock* socket = ctx->sk;
    Joint* mine = socket ? joint_of(socket, 0) : nullptr;
    Ends ends = {};
    if (!mine || !read_ends(ctx, ends)) return SK_PASS;
    if (u32* turns = turns_of(ends)) __sync_fetch_and_add(turns, 1);
    if (has_all_taken_it(socket, *mine)) take_shortcut(ctx, *mine, ends);
    return SK_PASS;
}

}  // namespace beeline
