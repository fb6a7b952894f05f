// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Doing to a packet what its flow entry says: rewrite, decrement the hop limit, send. The fast path and the slow
// path end here, so a first packet and the millionth are treated alike.
#pragma once
#include "abi/hook.h"
#include "bpf/lib/checksum.h"
#include "bpf/lib/tables.h"
#include "bpf/lib/verdict.h"
#include "bpf/rt/skb.h"

namespace beeline {

// Offset of the transport checksum inside its header.
template <class F>
INLINE u32 csum_place(const Packet<F>& p) {
    return p.key.proto == abi::proto_tcp ? 16 : p.key.proto == abi::proto_udp ? 6 : 2;
}

template <class F>
INLINE bool has_ports(u8 proto) {
    return proto == abi::proto_tcp || proto == abi::proto_udp;
}

// Field by difference; `state` is skb->ip_summed. False: the packet has no checksum, and gets none.
template <class F>
INLINE bool fix_field(u16* field, const Packet<F>& p, const typename F::Flow& f, u32 state) {
    if (p.key.proto == abi::proto_sctp) return false;  // its CRC ignores addresses
    if (state == summed_partial) {
        *field = csum_apply_partial(*field, f.csum_addr);
        return true;
    }
    if (p.key.proto == abi::proto_udp && *field == 0) return false;
    u16 fixed = csum_apply(*field, f.csum_l4);
    *field = p.key.proto == abi::proto_udp && fixed == 0 ? static_cast<u16>(0xffff) : fixed;
    return true;
}

// The whole-packet sum of the receiver: what the ports, the field and the addresses change in it. IPv4's own header
// checksum hides its addresses.
template <class F>
INLINE void fix_complete(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f, bool field) {
    u16 change = is_v4<F> ? static_cast<u16>(0) : f.csum_addr;
    if (has_ports<F>(p.key.proto)) change = csum_add(change, csum_add(f.csum_l4, csum_negate(f.csum_addr)));
    if (field) change = csum_add(change, csum_negate(f.csum_l4));
    bpf_csum_update(ctx, change);
}

// Transport header: ports and checksum, written directly. The caller has checked that NAT is wanted.
template <class F>
INLINE bool rewrite_transport(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f) {
    u32 state = summed(ctx);
    u32 l4 = opaque<u32>(p.l4) & 127;
    Bytes b = frame(ctx);
    auto* ports = view<u16[2]>(b, l4);
    auto* field = view<u16>(b, l4 + csum_place(p));
    if (!ports || !field) return false;
    if (has_ports<F>(p.key.proto)) {
        (*ports)[0] = f.sport;
        (*ports)[1] = f.dport;
    }
    bool fixed = fix_field(field, p, f, state);
    if (state == summed_complete) fix_complete(ctx, p, f, fixed);
    return true;
}

// For bpf_l4_csum_replace with a difference of addresses.
template <class F>
INLINE u64 pseudo_flags() {
    constexpr u64 flag_ipv6 = 1u << 7;  // BPF_F_IPV6, 6.16
    return BPF_F_PSEUDO_HDR | (!is_v4<F> && bl_config.csum_ipv6 ? flag_ipv6 : 0);
}

// The same on kernels without bpf_cast_to_kern_ctx: addresses through the pseudo header, ports without it; never
// both in one call, which would be wrong for CHECKSUM_PARTIAL.
template <class F>
INLINE bool rewrite_by_helper(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f) {
    bool ported = has_ports<F>(p.key.proto);
    u32 place = p.l4 + csum_place(p);
    u64 mangled = p.key.proto == abi::proto_udp ? BPF_F_MARK_MANGLED_0 : 0;
    u64 pseudo = pseudo_flags<F>();
    bool sum_has_addresses = !is_v4<F> || p.key.proto != abi::proto_icmp;
    if (p.key.proto != abi::proto_sctp && sum_has_addresses &&
        bpf_l4_csum_replace(ctx, place, 0, f.csum_addr, pseudo | mangled) < 0)
        return false;
    if (!ported) return true;
    u16 ports = csum_add(f.csum_l4, csum_negate(f.csum_addr));
    if (bpf_l4_csum_replace(ctx, place, 0, ports, mangled) < 0) return false;
    u16 written[2] = {f.sport, f.dport};
    return bpf_skb_store_bytes(ctx, p.l4, written, sizeof written, 0) == 0;
}

INLINE void rewrite_addresses(iphdr* ip, const abi::Flow4& f) {
    ip->saddr = f.saddr.be;
    ip->daddr = f.daddr.be;
    ip->check = csum_apply(ip->check, f.csum_addr);
}
INLINE void rewrite_addresses(ipv6hdr* ip, const abi::Flow6& f) {
    __builtin_memcpy(&ip->saddr, &f.saddr, 16);
    __builtin_memcpy(&ip->daddr, &f.daddr, 16);
}

template <class F>
INLINE bool translate(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f) {
    if (bl_config.kern_ctx ? !rewrite_transport<F>(ctx, p, f) : !rewrite_by_helper<F>(ctx, p, f)) return false;
    auto* ip = view<typename F::Header>(frame(ctx), sizeof(ethhdr));
    if (!ip) return false;
    rewrite_addresses(ip, f);
    return true;
}

INLINE void count_hop(__sk_buff* ctx, iphdr* ip) {
    (void)ctx;
    ip->ttl--;
    ip->check = csum_add(ip->check, be16(0x0100));
}
INLINE void count_hop(__sk_buff* ctx, ipv6hdr* ip) {
    ip->hop_limit--;
    // No header checksum hides the change from a receiver's whole-packet sum.
    if (bl_config.kern_ctx && summed(ctx) == summed_complete) bpf_csum_update(ctx, csum_negate(be16(0x0001)));
}

// Ethernet addresses and hop count of a packet that leaves towards `hop`.
template <class F>
INLINE bool readdress(__sk_buff* ctx, const abi::Hop* hop) {
    Bytes b = frame(ctx);
    auto* macs = view<unsigned char[12]>(b, 0);
    auto* ip = view<typename F::Header>(b, sizeof(ethhdr));
    if (!macs || !ip) return false;
    copy_macs(*macs, hop->dmac);  // dmac and smac stand side by side
    count_hop(ctx, ip);
    return true;
}

// A super-packet is measured by its segments.
template <class F>
INLINE bool too_long(__sk_buff* ctx, const Packet<F>& p, u32 mtu) {
    if (length_of(ctx) - sizeof(ethhdr) <= mtu) return false;
    u32 segment = segment_of(ctx);
    return segment == 0 || p.l4 - sizeof(ethhdr) + p.l4_header + segment > mtu;
}

INLINE Verdict send(__sk_buff* ctx, const abi::Hop* hop, abi::Deliver deliver, abi::Hook hook) {
    if (hook == abi::Hook::to_container) return done(tc_pass, abi::Reason::forwarded);  // it is there already
    if (deliver == abi::Deliver::peer) {
        set_mark(ctx, 0);  // it would reach the container
        return done(static_cast<int>(bpf_redirect_peer(hop->ifindex, 0)), abi::Reason::forwarded);
    }
    set_mark(ctx, mark_of(ctx) | bl_config.mark);
    u64 flags = deliver == abi::Deliver::host ? BPF_F_INGRESS : 0;
    if (flags) set_mark(ctx, 0);
    return done(static_cast<int>(bpf_redirect(hop->ifindex, flags)), abi::Reason::forwarded);
}

// `f` is the caller's own copy, checked to be current.
template <class F>
INLINE Verdict act(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f, abi::Hook hook) {
    auto deliver = static_cast<abi::Deliver>(f.deliver);
    if (deliver == abi::Deliver::denied) return drop(static_cast<abi::Reason>(f.reason));
    const abi::Hop* hop = lookup(bl_hops, f.hop);
    if (!hop) return drop(abi::Reason::no_route);
    bool forwards = deliver == abi::Deliver::peer || deliver == abi::Deliver::veth;
    if (forwards) {
        if (p.ttl <= 1) return refuse(abi::Reason::ttl_exceeded);
        if (too_long<F>(ctx, p, hop->mtu)) return refuse(abi::Reason::too_big);
    }
    if ((f.flags & (abi::flow_nat_src | abi::flow_nat_dst)) && !translate<F>(ctx, p, f))
        return drop(abi::Reason::rewrite_failed);
    if (deliver == abi::Deliver::stack) return done(tc_pass, abi::Reason::to_stack);
    if (deliver == abi::Deliver::host) {
        auto* macs = view<unsigned char[12]>(frame(ctx), 0);
        if (!macs) return drop(abi::Reason::rewrite_failed);
        copy_macs(*macs, hop->dmac);
    } else if (!readdress<F>(ctx, hop)) {
        return drop(abi::Reason::rewrite_failed);
    }
    return send(ctx, hop, deliver, hook);
}

}  // namespace beeline
