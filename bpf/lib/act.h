// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Doing to a packet what its flow entry says: rewrite, decrement the hop limit, send. The fast path and the slow
// path end here, so a first packet and the millionth are treated alike.
#pragma once
#include "abi/hook.h"
#include "bpf/lib/checksum.h"
#include "bpf/lib/tunnel.h"
#include "bpf/lib/verdict.h"
#include "bpf/rt/skb.h"

namespace beeline {

// Offset of the transport checksum inside its header.
INLINE u32 csum_place(u8 proto) {
    u32 tcp = 1 - is_set(proto ^ abi::proto_tcp), udp = 1 - is_set(proto ^ abi::proto_udp);
    return 2 + tcp * 14 + udp * 4;
}

constexpr u32 echo_number = 4;  // offset in an ICMP echo

template <class F>
INLINE bool has_ports(u8 proto) {
    return proto == abi::proto_tcp || proto == abi::proto_udp;
}

// The difference that ports, or the number of an echo, make alone. IPv4's ICMP sums no addresses.
template <class F>
INLINE u16 port_difference(const Packet<F>& p, const typename F::Flow& f) {
    if (is_v4<F> && p.key.proto == abi::proto_icmp) return f.csum_l4;
    return csum_add(f.csum_l4, csum_negate(f.csum_addr));
}
template <class F>
INLINE bool has_number(u8 proto) {
    return has_ports<F>(proto) || proto == F::icmp;
}

// The checksum by difference; `state` is skb->ip_summed.
template <class F>
INLINE u16 fixed(u16 field, const Packet<F>& p, const typename F::Flow& f, u32 state) {
    if (p.key.proto == abi::proto_sctp) return field;  // no checksum there: its CRC ignores addresses
    if (state == summed_partial) return csum_apply_partial(field, f.csum_addr);
    if (p.key.proto != abi::proto_udp) return csum_apply(field, f.csum_l4);
    if (field == 0) return field;  // the packet has none, and gets none
    u16 sum = csum_apply(field, f.csum_l4);
    return sum ? sum : static_cast<u16>(0xffff);
}

// The whole-packet sum of the receiver: what the ports, the field (new - old) and the addresses change in it. IPv4's
// own header checksum hides its addresses.
template <class F>
INLINE void fix_complete(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f, u16 field) {
    u16 change = is_v4<F> ? field : csum_add(field, f.csum_addr);
    if (has_number<F>(p.key.proto) && p.fragment != Part::later) change = csum_add(change, port_difference<F>(p, f));
    bpf_csum_update(ctx, change);
}

// Transport header: ports and checksum, written directly. The caller has checked that NAT is wanted.
template <class F>
INLINE bool rewrite_transport(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f) {
    u32 state = summed(ctx);
    if (p.fragment == Part::later) {
        if (state == summed_complete) fix_complete(ctx, p, f, 0);
        return true;
    }
    u32 l4 = opaque<u32>(p.l4) & 255;
    Bytes b = frame(ctx);
    auto* ports = view<u16[2]>(b, l4);
    auto* field = view<u16>(b, l4 + csum_place(p.key.proto));
    if (!ports || !field) return false;
    if (has_ports<F>(p.key.proto)) {
        (*ports)[0] = f.sport;
        (*ports)[1] = f.dport;
    } else if (p.key.proto == F::icmp) {
        auto* number = view<u16>(b, l4 + echo_number);
        if (!number) return false;
        *number = static_cast<u16>(f.sport | f.dport);  // one of them is 0
    }
    u16 before = *field;
    *field = fixed(before, p, f, state);
    if (state == summed_complete) fix_complete(ctx, p, f, csum_add(*field, csum_negate(before)));
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
    if (p.fragment == Part::later) return true;
    u32 place = p.l4 + csum_place(p.key.proto);
    u64 mangled = p.key.proto == abi::proto_udp ? BPF_F_MARK_MANGLED_0 : 0;
    u64 pseudo = pseudo_flags<F>();
    bool sum_has_addresses = !is_v4<F> || p.key.proto != abi::proto_icmp;
    if (p.key.proto != abi::proto_sctp && sum_has_addresses &&
        bpf_l4_csum_replace(ctx, place, 0, f.csum_addr, pseudo | mangled) < 0)
        return false;
    if (!has_number<F>(p.key.proto)) return true;
    if (bpf_l4_csum_replace(ctx, place, 0, port_difference<F>(p, f), mangled) < 0) return false;
    u16 written[2] = {f.sport, f.dport};
    if (p.key.proto == F::icmp) {
        written[0] |= written[1];
        return bpf_skb_store_bytes(ctx, p.l4 + echo_number, written, sizeof written[0], 0) == 0;
    }
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

INLINE void lower_ttl(iphdr* ip) {
    ip->ttl--;
    ip->check = csum_add(ip->check, be16(0x0100));
}
INLINE void lower_ttl(ipv6hdr* ip) {
    ip->hop_limit--;
}
INLINE void count_hop(__sk_buff* ctx, iphdr* ip) {
    (void)ctx;
    lower_ttl(ip);
}
INLINE void count_hop(__sk_buff* ctx, ipv6hdr* ip) {
    lower_ttl(ip);
    // No header checksum hides the change from a receiver's whole-packet sum.
    if (bl_config.kern_ctx && summed(ctx) == summed_complete) bpf_csum_update(ctx, csum_negate(be16(0x0001)));
}

// Ethernet addresses of a packet that leaves towards `hop`.
INLINE bool readdress(__sk_buff* ctx, const abi::Hop* hop) {
    auto* macs = view<unsigned char[12]>(frame(ctx), 0);
    if (!macs) return false;
    copy_macs(*macs, hop->dmac);  // dmac and smac stand side by side
    return true;
}
template <class F>
INLINE bool take_hop(__sk_buff* ctx) {
    auto* ip = view<typename F::Header>(frame(ctx), sizeof(ethhdr));
    if (!ip) return false;
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
    if (deliver == abi::Deliver::peer && hook != abi::Hook::from_host) {                // from egress it would be lost
        set_mark(ctx, 0);                                                               // it would reach the container
        return done(static_cast<int>(bpf_redirect_peer(hop->ifindex, 0)), abi::Reason::forwarded);
    }
    set_mark(ctx, mark_of(ctx) | bl_config.mark);
    u64 flags = deliver == abi::Deliver::host ? BPF_F_INGRESS : 0;
    if (flags) set_mark(ctx, 0);
    return done(static_cast<int>(bpf_redirect(hop->ifindex, flags)), abi::Reason::forwarded);
}

INLINE void set_next(bpf_redir_neigh& next, const abi::Addr4& addr) {
    next.nh_family = V4::socket_family;
    next.ipv4_nh = addr.be;
}
INLINE void set_next(bpf_redir_neigh& next, const abi::Addr6& addr) {
    next.nh_family = V6::socket_family;
    __builtin_memcpy(next.ipv6_nh, &addr, sizeof addr);
}

// By one of the node's devices: the kernel's neighbour table has the Ethernet addresses.
template <class F>
INLINE Verdict send_out(__sk_buff* ctx, const abi::Hop* hop, const typename F::Addr& destination) {
    set_mark(ctx, mark_of(ctx) | bl_config.mark);
    u32 flags = hop->flags;
    s64 action;
    if (flags & abi::hop_resolve) {
        action = bpf_redirect_neigh(hop->ifindex, nullptr, 0, 0);
    } else {
        bpf_redir_neigh next = {};
        if (flags & abi::hop_via4)
            set_next(next, abi::Addr4{hop->via.be[0]});
        else if (flags & abi::hop_via6)
            set_next(next, hop->via);
        else
            set_next(next, destination);
        action = bpf_redirect_neigh(hop->ifindex, &next, sizeof next, 0);
    }
    return done(static_cast<int>(action), abi::Reason::forwarded);
}

// By the host's stack: as it came on the way out, as it will be delivered on the way in; the mark tells the hook that
// meets it next. to_netdev has taken the mark off.
INLINE Verdict send_routed(__sk_buff* ctx, abi::Hook hook) {
    if (hook == abi::Hook::to_netdev) return done(tc_pass, abi::Reason::forwarded);
    set_mark(ctx, mark_of(ctx) | bl_config.mark);
    return done(tc_pass, abi::Reason::to_stack);
}

template <class Flow>
INLINE bool delivers(const Flow& f, abi::Deliver how) {
    return f.deliver == static_cast<u8>(how);
}
template <class Flow>
INLINE bool is_denied(const Flow& f) {
    return delivers(f, abi::Deliver::denied);
}
// Is the packet translated at this hook? What the host's stack routes is by to_netdev, on its way out; what goes into a
// tunnel is at its other end.
template <class Flow>
INLINE bool translates(const Flow& f, abi::Hook hook) {
    bool later =
        (delivers(f, abi::Deliver::routed) && hook == abi::Hook::from_container) || delivers(f, abi::Deliver::tunnel);
    return (f.flags & (abi::flow_nat_src | abi::flow_nat_dst)) && !later;
}

// The packet has its new addresses: on its way.
template <class F>
INLINE Verdict deliver(__sk_buff* ctx, const abi::Hop* hop, const typename F::Flow& f, abi::Hook hook) {
    auto how = static_cast<abi::Deliver>(f.deliver);
    if (how == abi::Deliver::stack) return done(tc_pass, abi::Reason::to_stack);
    if (how == abi::Deliver::routed) return send_routed(ctx, hook);
    if (how != abi::Deliver::host && !take_hop<F>(ctx)) return drop(abi::Reason::rewrite_failed);
    if (how == abi::Deliver::neigh) return send_out<F>(ctx, hop, f.daddr);
    if (!readdress(ctx, hop)) return drop(abi::Reason::rewrite_failed);
    return send(ctx, hop, how, hook);
}

// To the node that serves it, as it came.
template <class F>
INLINE Verdict lead(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f, const abi::Hop* hop) {
    if (!take_hop<F>(ctx) || !wrap<F>(ctx, p, f, hop)) return drop(abi::Reason::rewrite_failed);
    return send_out<F>(ctx, hop, f.daddr);
}

INLINE bool counts_hop(abi::Deliver how) {
    return how == abi::Deliver::peer || how == abi::Deliver::veth || how == abi::Deliver::neigh ||
           how == abi::Deliver::tunnel;
}

// `f` is the caller's own copy, checked to be current.
template <class F>
INLINE Verdict act(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f, abi::Hook hook) {
    auto how = static_cast<abi::Deliver>(f.deliver);
    if (is_denied(f)) return drop(static_cast<abi::Reason>(f.reason));
    const abi::Hop* hop = lookup(bl_hops, f.hop);
    if (!hop) return drop(abi::Reason::no_route);
    if (counts_hop(how)) {
        if (p.ttl <= 1) return refuse(abi::Reason::ttl_exceeded);
        if (too_long<F>(ctx, p, room_of<F>(hop, f))) return refuse(abi::Reason::too_big);
    }
    if (how == abi::Deliver::tunnel) return lead<F>(ctx, p, f, hop);
    if (translates(f, hook) && !translate<F>(ctx, p, f)) return drop(abi::Reason::rewrite_failed);
    return deliver<F>(ctx, hop, f, hook);
}

}  // namespace beeline
