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
    u32 at = (opaque<u32>(w.packet.l4) & 255) + sizeof(IcmpHeader);
    if (!read_inner_ip(b, at, w.answer, q)) return false;
    if (w.answer.proto == F::icmp) {
        auto* icmp = view<IcmpHeader>(b, opaque(q.l4) & 511);
        if (!icmp || icmp->type != (is_v4<F> ? icmp_echo : icmp6_echo)) return false;
        w.answer.dport = icmp->id;
        return true;
    }
    auto* ports = view<u16[2]>(b, opaque(q.l4) & 511);
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

// Ports of the quoted packet, or the number of its echo.
template <class F>
INLINE bool restore_numbers(__sk_buff* ctx, const Work<F>& w, const Quoted& q) {
    u16 ports[2] = {w.old.dport, w.old.sport};
    if (w.answer.proto != F::icmp) return bpf_skb_store_bytes(ctx, q.l4, ports, sizeof ports, 0) == 0;
    ports[0] |= ports[1];
    return bpf_skb_store_bytes(ctx, q.l4 + echo_number, ports, sizeof ports[0], 0) == 0;
}

// The quoted packet's own checksum, if the quote has it and it is one. Returns its change, 0 or -difference.
template <class F>
INLINE u16 restore_checksum(__sk_buff* ctx, const Work<F>& w, const Quoted& q) {
    u32 at = csum_place(w.answer.proto);
    u16 field = 0;
    if (at + sizeof field > w.packet.l4_len - (q.l4 - w.packet.l4)) return 0;
    if (bpf_skb_load_bytes(ctx, q.l4 + at, &field, sizeof field) < 0) return 0;
    if (field == 0 && w.answer.proto == abi::proto_udp) return 0;
    field = csum_apply(field, w.old.csum_l4);
    if (bpf_skb_store_bytes(ctx, q.l4 + at, &field, sizeof field, 0) < 0) return 0;
    return csum_negate(w.old.csum_l4);
}

// The quoted packet as its sender sent it: the answer's rewrite, mirrored. What that changes in the message is settled
// in the ICMP checksum; IPv4's own header checksum hides its addresses.
template <class F>
INLINE bool restore_quoted(__sk_buff* ctx, const Work<F>& w, const Quoted& q) {
    const typename F::Flow& f = w.old;
    typename F::Addr addresses[2] = {f.daddr, f.saddr};
    bool echo4 = is_v4<F> && w.answer.proto == abi::proto_icmp;  // its difference is of the number alone
    u16 seen = is_v4<F> && !echo4 ? csum_add(f.csum_l4, csum_negate(f.csum_addr)) : f.csum_l4;
    if (bpf_skb_store_bytes(ctx, q.ip + addresses_at(F{}), addresses, sizeof addresses, 0) < 0) return false;
    if (is_v4<F> && bpf_l3_csum_replace(ctx, q.ip + __builtin_offsetof(iphdr, check), 0, f.csum_addr, 0) < 0)
        return false;
    if (!restore_numbers<F>(ctx, w, q)) return false;
    seen = csum_add(seen, restore_checksum<F>(ctx, w, q));
    return bpf_l4_csum_replace(ctx, w.packet.l4 + 2u, 0, seen, 0) == 0;
}

// One address of the error itself: source or destination, by its index.
template <class F>
INLINE bool rewrite_outer(__sk_buff* ctx, const Work<F>& w, u32 index, const typename F::Addr& to) {
    typename F::Addr from = index ? w.seen.daddr : w.seen.saddr;
    if (same(from, to)) return true;
    u32 place = sizeof(ethhdr) + addresses_at(F{}) + index * static_cast<u32>(sizeof to);
    typename F::Addr written = to;
    u16 difference = csum_difference(csum_words(from), csum_words(to));
    if (bpf_skb_store_bytes(ctx, place, &written, sizeof written, 0) < 0) return false;
    if (is_v4<F>) {
        constexpr u32 check = sizeof(ethhdr) + __builtin_offsetof(iphdr, check);
        return bpf_l3_csum_replace(ctx, check, 0, difference, 0) == 0;
    }
    return bpf_l4_csum_replace(ctx, w.packet.l4 + 2u, 0, difference, pseudo_flags<F>()) == 0;
}

// The error goes to who sent the quoted packet. Who complains stays, unless it is the flow's own end: then it has the
// address that the other side knows it by.
template <class F>
INLINE bool redirect_error(__sk_buff* ctx, const Work<F>& w) {
    bool end_complains = same(w.seen.saddr, w.answer.saddr);
    if (end_complains && !rewrite_outer<F>(ctx, w, 0, w.old.saddr)) return false;
    return rewrite_outer<F>(ctx, w, 1, w.old.daddr);
}

// An error about no flow of ours.
template <class F>
INLINE Verdict unrelated(const Work<F>& w) {
    if (is_at(w, abi::Hook::to_netdev)) return done(tc_pass, abi::Reason::forwarded);
    return may_be_others<F>(w) ? done(tc_pass, abi::Reason::not_ours) : drop(abi::Reason::icmp_type);
}

// Where the answers to the quoted packet come from, or on its way out after the host's stack.
template <class F>
INLINE bool comes_right(const Work<F>& w) {
    auto hook = static_cast<abi::Hook>(w.hook);
    if (hook == abi::Hook::to_netdev && !w.own) return delivers(w.old, abi::Deliver::routed);
    return may_enter(w.old.in_if, w.in_if, hook);
}

// With `routing: host` the host's stack may complain about a packet that it has not yet seen translated: it quotes the
// originator's own tuple, and the error goes there as it is.
template <class F>
INLINE bool from_stack(__sk_buff* ctx, Work<F>& w) {
    if (!bl_config.host_routing || !is_at(w, abi::Hook::from_host)) return false;
    w.twin = mirrored<F>(w.answer);
    if (!read_stable<F>(ctx, w, w.twin) || !delivers(w.old, abi::Deliver::routed)) return false;
    w.answer = abi::reply_key(w.twin, w.old);
    if (!read_stable<F>(ctx, w, w.answer)) return false;
    w.old.deliver = static_cast<u8>(abi::Deliver::veth);
    w.old.flags &= static_cast<u8>(~(abi::flow_nat_src | abi::flow_nat_dst));
    w.use = static_cast<u8>(Use::old);
    return true;
}

// Chooses the entry to follow, with the translation already done.
template <class F>
INLINE Verdict related(__sk_buff* ctx, Work<F>& w) {
    Quoted q = {};
    if (!read_quoted<F>(ctx, w, q)) return unrelated<F>(w);
    auto* entry = find_any<F>(w.answer);
    if (!entry && from_stack<F>(ctx, w)) return proceed();
    if (!entry || !call_copy_current(entry, w.answer, w.old)) return unrelated<F>(w);
    if (!comes_right<F>(w)) return unrelated<F>(w);
    if (is_denied(w.old)) return drop(static_cast<abi::Reason>(w.old.reason));
    if (translates(w.old, static_cast<abi::Hook>(w.hook))) {
        if (!restore_quoted<F>(ctx, w, q) || !redirect_error<F>(ctx, w)) return drop(abi::Reason::rewrite_failed);
        w.old.flags &= static_cast<u8>(~(abi::flow_nat_src | abi::flow_nat_dst));
    }
    w.use = static_cast<u8>(Use::old);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(related)
