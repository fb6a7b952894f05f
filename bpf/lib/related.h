// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ICMP errors make no flow: they belong to the flow whose packet they quote. The quoted packet was seen as it left, so
// the entry of its answers knows both sides of the translation.
#pragma once
#include "bpf/lib/closing.h"

namespace beeline {

// Where the quoted packet stands, from the start of the frame.
struct Quoted {
    u32 ip, l4;
};

INLINE bool read_inner_ip(Bytes b, u32 at, abi::FlowKey4& key, Quoted& q) {
    auto* ip = view<iphdr>(b, at);
    if (!ip || ip->version != 4 || ip->ihl < 5) return false;
    key.saddr.be = ip->daddr;
    key.daddr.be = ip->saddr;
    key.proto = ip->protocol;
    q = {at, at + ip->ihl * 4u};
    return true;
}
INLINE bool read_inner_ip(Bytes b, u32 at, abi::FlowKey6& key, Quoted& q) {
    auto* ip = view<ipv6hdr>(b, at);
    if (!ip || ip->version != 6) return false;
    key.saddr = addr6(ip->daddr);
    key.daddr = addr6(ip->saddr);
    key.proto = ip->nexthdr;
    q = {at, at + static_cast<u32>(sizeof(ipv6hdr))};
    return true;
}

// The key of the answers to the quoted packet: its tuple, reversed.
template <class F>
INLINE bool read_quoted(__sk_buff* ctx, Work<F>& w, Quoted& q) {
    Bytes b = frame(ctx);
    w.answer = {};
    u32 at = (opaque<u32>(w.packet.l4) & 127) + sizeof(IcmpHeader);
    if (!read_inner_ip(b, at, w.answer, q)) return false;
    if (w.answer.proto == F::icmp) {
        auto* icmp = view<IcmpHeader>(b, opaque(q.l4) & 255);
        if (!icmp || icmp->type != (is_v4<F> ? icmp_echo : icmp6_echo)) return false;
        w.answer.dport = icmp->id;
        return true;
    }
    auto* ports = view<u16[2]>(b, opaque(q.l4) & 255);
    if (!ports || (w.answer.proto != abi::proto_tcp && w.answer.proto != abi::proto_udp)) return false;
    w.answer.sport = (*ports)[1];
    w.answer.dport = (*ports)[0];
    return true;
}

INLINE u32 addresses_at(V4) {
    return __builtin_offsetof(iphdr, saddr);
}
INLINE u32 addresses_at(V6) {
    return __builtin_offsetof(ipv6hdr, saddr);
}

// The quoted packet as its sender sent it: the answer's rewrite, mirrored. The differences inside the message are
// settled in the ICMP checksum; IPv4's own header checksum hides its addresses.
template <class F>
INLINE bool restore_quoted(__sk_buff* ctx, const Work<F>& w, const Quoted& q) {
    const typename F::Flow& f = w.old;
    typename F::Addr addresses[2] = {f.daddr, f.saddr};
    u16 ports[2] = {f.dport, f.sport};
    u32 checksum = w.packet.l4 + 2u;
    u16 port_difference = csum_add(f.csum_l4, csum_negate(f.csum_addr));
    u16 seen = is_v4<F> ? port_difference : f.csum_l4;
    if (bpf_skb_store_bytes(ctx, q.ip + addresses_at(F{}), addresses, sizeof addresses, 0) < 0) return false;
    if (is_v4<F> && bpf_l3_csum_replace(ctx, q.ip + __builtin_offsetof(iphdr, check), 0, f.csum_addr, 0) < 0)
        return false;
    if (bpf_skb_store_bytes(ctx, q.l4, ports, sizeof ports, 0) < 0) return false;
    return bpf_l4_csum_replace(ctx, checksum, 0, seen, 0) == 0;
}

// The error goes to whoever opened the connection; only its destination changes, who complains stays.
template <class F>
INLINE bool redirect_error(__sk_buff* ctx, const Work<F>& w) {
    if (same(w.old.daddr, w.seen.daddr)) return true;
    u32 place = sizeof(ethhdr) + addresses_at(F{}) + sizeof(typename F::Addr);
    typename F::Addr to = w.old.daddr;
    u16 difference = csum_difference(csum_words(w.seen.daddr), csum_words(to));
    if (bpf_skb_store_bytes(ctx, place, &to, sizeof to, 0) < 0) return false;
    if (is_v4<F>) {
        constexpr u32 check = sizeof(ethhdr) + __builtin_offsetof(iphdr, check);
        return bpf_l3_csum_replace(ctx, check, 0, difference, 0) == 0;
    }
    return bpf_l4_csum_replace(ctx, w.packet.l4 + 2u, 0, difference, pseudo_flags<F>()) == 0;
}

// Chooses the entry to follow, with the translation already done.
template <class F>
INLINE Verdict related(__sk_buff* ctx, Work<F>& w) {
    Quoted q = {};
    if (!read_quoted<F>(ctx, w, q)) return drop(abi::Reason::icmp_type);
    auto* entry = find_any<F>(w.answer);
    if (!entry || !read_current(entry, w.answer, w.old)) return drop(abi::Reason::icmp_type);
    if (w.old.in_if != w.in_if) return drop(abi::Reason::icmp_type);  // not from where the answers come
    if (w.old.deliver == static_cast<u8>(abi::Deliver::denied)) return drop(static_cast<abi::Reason>(w.old.reason));
    if (w.old.flags & (abi::flow_nat_src | abi::flow_nat_dst)) {
        if (!restore_quoted<F>(ctx, w, q) || !redirect_error<F>(ctx, w)) return drop(abi::Reason::rewrite_failed);
        w.old.flags &= static_cast<u8>(~(abi::flow_nat_src | abi::flow_nat_dst));
    }
    w.use = static_cast<u8>(Use::old);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(related)
