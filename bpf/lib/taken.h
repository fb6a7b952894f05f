// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A socket of the node's own that is bound to a port of the masquerade range, and wants to speak to where a masqueraded
// flow with that port goes: its answers would be the container's. It is told so, as if another socket had the tuple.
#pragma once
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

template <class F>
INLINE bool gets_answers(const Target<F>& peer, const typename F::Addr& from, u16 port) {
    typename F::Key answer = {};
    answer.saddr = peer.addr;
    answer.daddr = from;
    answer.sport = peer.port;
    answer.dport = port;
    answer.proto = peer.proto;
    return find_any<F>(answer) != nullptr;
}

// Bound to no address it may get any of those that the node masquerades with.
template <class F>
INLINE bool any_gets_answers(const Target<F>& peer, u16 port) {
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < abi::source_rows; i++) {
        u32 row = opaque(i);  // a key lies in memory, where the verifier would lose count
        const typename F::Addr* from = lookup(sources<F>(), row);
        if (!from || is_any(*from)) return false;
        if (gets_answers<F>(peer, *from, port)) return true;
    }
    return false;
}

template <class F>
INLINE bool is_taken(bpf_sock_addr* ctx, const Target<F>& peer) {
    if (!masquerades<F>() || is_pod<F>(peer.addr)) return false;
    bpf_sock* sock = ctx->sk;
    if (!sock) return false;
    u16 port = be16(static_cast<u16>(sock->src_port));
    if (!in_nat_range(port) || bpf_get_netns_cookie(ctx) != bl_config.netns_cookie) return false;
    typename F::Addr from = bound_addr(sock, peer.addr);
    return is_any(from) ? any_gets_answers<F>(peer, port) : gets_answers<F>(peer, from, port);
}

}  // namespace beeline
