// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage masquerade: a container speaks to the world with the node's address, and a client from outside to a backend
// elsewhere. A port is free if nobody has the reply key (remember.h claims it) and no socket of the host would get the
// answers.
#pragma once
#include "bpf/lib/identity.h"
#include "bpf/lib/pair.h"

namespace beeline {

template <class F>
INLINE bool is_unmasked(const typename F::Addr& addr) {
    typename F::PrefixKey key = {sizeof addr * 8, addr};
    return lookup(unmasked<F>(), key) != nullptr;
}

// What a flow had it keeps: the other side knows it by that.
template <class F>
INLINE bool is_settled(const Work<F>& w) {
    return w.hint.known && same(w.hint.sent.daddr, w.sent.daddr) && same(w.hint.sent.saddr, w.sent.saddr);
}

// Containers' packets that leave for the world: other nodes and their containers are known by identity.
template <class F>
INLINE bool hides_container(const Work<F>& w) {
    return is_pod<F>(w.sent.saddr) && w.destination.identity == abi::identity_world && !is_unmasked<F>(w.sent.daddr);
}
// The node's own, to a backend elsewhere: the answers to a port outside of the range would not be looked at.
template <class F>
INLINE bool hides_port(const Work<F>& w) {
    return w.source.node && !is_pod<F>(w.sent.saddr) && !same(w.sent.daddr, w.origin.daddr);
}
// A client from the world and a backend on another node, whose node is to answer it itself; or has been, whatever the
// service says now: the client knows nothing of this node's address.
template <class F>
INLINE bool is_direct(const Work<F>& w) {
    if (!w.by_netdev || !w.destination.remote || same(w.sent.daddr, w.origin.daddr)) return false;
    if (w.source.identity != abi::identity_world || w.destination.identity == abi::identity_world) return false;
    bool before = w.hint.known && same_tuple<F>(w.hint.sent, w.sent);
    return same(w.sent.saddr, w.origin.saddr) && (w.direct || before);
}
// A client from outside, to a backend elsewhere: the answers must come back here.
template <class F>
INLINE bool hides_client(const Work<F>& w) {
    return w.by_netdev && !same(w.sent.daddr, w.origin.daddr) && !is_direct<F>(w);
}
template <class F>
INLINE bool wants_masquerade(const Work<F>& w) {
    if (is_settled<F>(w)) return false;
    return (masquerades<F>() && hides_container<F>(w)) || hides_port<F>(w) || hides_client<F>(w);
}

// The cell of a destination: closed for a while after all tries found a port taken.
template <class F>
INLINE abi::NatBucket* bucket_of(const typename F::Key& sent) {
    u32 index = (abi::mix(sent.daddr) ^ sent.dport ^ sent.proto) & (abi::nat_buckets - 1);
    return lookup(bl_nat_buckets, index);
}
INLINE bool is_closed(const abi::NatBucket& bucket) {
    u32 closed = bucket.closed;
    return closed != 0 && static_cast<u32>(bpf_jiffies64()) - closed < bl_config.nat_pause;
}

// RFC 6056, algorithm 4: a keyed hash of the ends, then one after the other; a port comes back as late as it can.
template <class F>
INLINE u16 next_port(const typename F::Key& sent, abi::NatBucket* bucket) {
    u64 h = abi::hash_k1 ^ (static_cast<u64>(bl_config.nat_secret[0]) << 32 | bl_config.nat_secret[1]);
    h = abi::hash_more(abi::hash_more(h, sent.saddr), sent.daddr);
    u32 offset = abi::hash_finish((h ^ sent.dport) * abi::hash_k0) + bucket->next++;
    u32 range = bl_config.nat_last - bl_config.nat_first + 1u;
    u16 port = static_cast<u16>(bl_config.nat_first + offset % (range ? range : 1));
    return be16(port == bl_config.tunnel_port ? bl_config.nat_last : port);
}

INLINE u32 fill_tuple(bpf_sock_tuple& t, const abi::FlowKey4& answer) {
    t.ipv4.saddr = answer.saddr.be;
    t.ipv4.daddr = answer.daddr.be;
    t.ipv4.sport = answer.sport;
    t.ipv4.dport = answer.dport;
    return sizeof t.ipv4;
}
INLINE u32 fill_tuple(bpf_sock_tuple& t, const abi::FlowKey6& answer) {
    __builtin_memcpy(t.ipv6.saddr, &answer.saddr, sizeof answer.saddr);
    __builtin_memcpy(t.ipv6.daddr, &answer.daddr, sizeof answer.daddr);
    t.ipv6.sport = answer.sport;
    t.ipv6.dport = answer.dport;
    return sizeof t.ipv6;
}

// A socket of the host, listeners included, would get the answers.
template <class F>
INLINE Verdict ask_host(Context* ctx, Work<F>& w) {
    constexpr u64 here = static_cast<u64>(-1);  // BPF_F_CURRENT_NETNS
    bpf_sock_tuple tuple = {};
    u32 size = fill_tuple(tuple, w.answer);
    w.claimed = 0;
    bpf_sock* socket = nullptr;
    if (w.answer.proto == abi::proto_tcp)
        socket = bpf_skc_lookup_tcp(ctx, &tuple, size, here, 0);
    else if (w.answer.proto == abi::proto_udp)
        socket = bpf_sk_lookup_udp(ctx, &tuple, size, here, 0);
    if (!socket) return proceed();
    bpf_sk_release(socket);
    return drop(abi::Reason::nat_no_port);
}

// The destination is reached by one of the node's devices.
template <class F>
INLINE Verdict masquerade(Context* ctx, Work<F>& w) {
    (void)ctx;
    if (!wants_masquerade<F>(w)) return proceed();
    const abi::Hop* hop = lookup(bl_hops, w.destination.hop);
    typename F::Addr source = {}, none = {};
    if (hop) set_source(source, hop);
    if (same(source, none))  // the node has no address of this family there
        return w.by_netdev ? drop(abi::Reason::no_route) : proceed();
    abi::NatBucket* bucket = bucket_of<F>(w.sent);
    if (!bucket || is_closed(*bucket)) return drop(abi::Reason::nat_no_port);
    w.sent.saddr = source;
    w.nat = 1;
    bool echo = w.sent.proto == F::icmp;
    if (has_ports<F>(w.sent.proto) || echo)
        if (!in_nat_range(w.sent.sport)) w.sent.sport = next_port<F>(w.sent, bucket);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(ask_host)
BEELINE_STAGE(masquerade)
