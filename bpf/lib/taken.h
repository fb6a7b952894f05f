// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A socket of the node's own that is bound to a port of the masquerade range, and wants to speak to where a masqueraded
// flow with that port goes: its answers would be the container's. It is told so, as if another socket had the tuple.
#pragma once
#include "bpf/lib/age.h"
#include "bpf/lib/pair.h"
#include "bpf/lib/target.h"

namespace beeline {

constexpr int error_taken = -99;  // EADDRNOTAVAIL

INLINE abi::Addr4 bound_addr(bpf_sock* sock, const abi::Addr4&) {
    return {sock->src_ip4};
}
INLINE abi::Addr6 bound_addr(bpf_sock* sock, const abi::Addr6&) {
    return {{sock->src_ip6[0], sock->src_ip6[1], sock->src_ip6[2], sock->src_ip6[3]}};
}
INLINE bool is_any(const abi::Addr4& a) {
    return a.be == 0;
}
INLINE bool is_any(const abi::Addr6& a) {
    return (a.be[0] | a.be[1] | a.be[2] | a.be[3]) == 0;
}

// A pair that is over makes room, as it does for a flow whose answers would have its key.
template <class F>
INLINE bool is_held(const typename F::Key& answer) {
    auto* entry = find_any<F>(answer);
    if (!entry) return false;
    typename F::Key origin = abi::reply_key(answer, *entry);
    if (!call_is_over(*entry, find_any<F>(origin), answer.proto)) return true;
    remove_any<F>(origin);
    remove_any<F>(answer);
    return false;
}
}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for every address that is tried. Linux 6.1 wants
// a key to stand in the function's own frame.
extern "C" {
NOINLINE int bl_is_held4(const beeline::abi::FlowKey4* answer) {
    if (!answer) return 0;
    beeline::abi::FlowKey4 key = *answer;
    return beeline::is_held<beeline::V4>(beeline::opaque(&key)[0]);
}
NOINLINE int bl_is_held6(const beeline::abi::FlowKey6* answer) {
    if (!answer) return 0;
    beeline::abi::FlowKey6 key = *answer;
    return beeline::is_held<beeline::V6>(beeline::opaque(&key)[0]);
}
}

namespace beeline {
INLINE bool call_is_held(const abi::FlowKey4& answer) {
    return bl_is_held4(&answer);
}
INLINE bool call_is_held(const abi::FlowKey6& answer) {
    return bl_is_held6(&answer);
}

// A socket that is bound to no address may get any of those that the node masquerades with.
template <class F>
INLINE bool any_is_held(typename F::Key& answer) {
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < abi::source_rows; i++) {
        u32 row = opaque(i);  // a key lies in memory, where the verifier would lose count
        const typename F::Addr* from = lookup(sources<F>(), row);
        if (!from || is_any(*from)) return false;
        answer.daddr = *from;
        if (call_is_held(answer)) return true;
    }
    return false;
}

template <class F>
INLINE bool is_taken(bpf_sock_addr* ctx, const Target<F>& peer) {
    asm volatile("" : : "r"(ctx));  // as in frame.h
    if (!bl_config.remote || is_pod<F>(peer.addr)) return false;
    bpf_sock* sock = ctx->sk;
    if (!sock) return false;
    u16 port = be16(static_cast<u16>(sock->src_port));
    if (!in_nat_range(port) || bpf_get_netns_cookie(ctx) != bl_config.netns_cookie) return false;
    typename F::Key answer = {};
    answer.saddr = peer.addr;
    answer.daddr = bound_addr(sock, peer.addr);
    answer.sport = peer.port;
    answer.dport = port;
    answer.proto = peer.proto;
    return is_any(answer.daddr) ? any_is_held<F>(answer) : call_is_held(answer);
}
}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for each way to a peer.
extern "C" {
NOINLINE int bl_is_taken4(bpf_sock_addr* ctx, const beeline::abi::Addr4* addr, beeline::u32 port, beeline::u32 proto) {
    using namespace beeline;
    return addr && is_taken<V4>(ctx, {*addr, static_cast<u16>(port), static_cast<u8>(proto)});
}
NOINLINE int bl_is_taken6(bpf_sock_addr* ctx, const beeline::abi::Addr6* addr, beeline::u32 port, beeline::u32 proto) {
    using namespace beeline;
    return addr && is_taken<V6>(ctx, {*addr, static_cast<u16>(port), static_cast<u8>(proto)});
}
}

namespace beeline {
INLINE bool call_is_taken(bpf_sock_addr* ctx, const Target<V4>& peer) {
    return bl_is_taken4(ctx, &peer.addr, peer.port, peer.proto);
}
INLINE bool call_is_taken(bpf_sock_addr* ctx, const Target<V6>& peer) {
    return bl_is_taken6(ctx, &peer.addr, peer.port, peer.proto);
}
}  // namespace beeline
