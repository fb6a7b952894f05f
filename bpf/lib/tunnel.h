// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Direct server return: a client's packet on its way to the node that serves it. It stays as it came, so that the
// answer has the address the client spoke to, and is put into UDP, as variant 1 of GUE (draft-ietf-intarea-gue) has IP
// in UDP. The outer header says which backend was chosen: its address is the destination, its port the source port.
#pragma once
#include <linux/udp.h>

#include "bpf/lib/header.h"
#include "bpf/lib/known.h"
#include "bpf/lib/parse.h"
#include "bpf/lib/tables.h"
#include "bpf/lib/verdict.h"
#include "bpf/rt/skb.h"

namespace beeline {

template <class F>
struct Outer {
    typename F::Header ip;
    udphdr udp;
};

// What a packet of this flow may have on the way to its next hop.
template <class F>
INLINE u32 room_of(const abi::Hop* hop, const typename F::Flow& f) {
    u32 outer = f.deliver == static_cast<u8>(abi::Deliver::tunnel) ? sizeof(Outer<F>) : 0;
    return hop->mtu > outer ? hop->mtu - outer : 0;
}

// What routers look at is theirs to see: the class of service, and that congestion may be marked (RFC 6040).
INLINE void copy_class(iphdr& to, const iphdr& from) {
    to.tos = from.tos;
}
INLINE void copy_class(ipv6hdr& to, const ipv6hdr& from) {
    to.priority = from.priority;
    to.flow_lbl[0] = from.flow_lbl[0] & 0xf0;
}

// Without a checksum: the inner packet has its own (RFC 6935 for IPv6). False: the node has no address to send from.
template <class F>
INLINE bool make_outer(Outer<F>& outer, const Packet<F>& p, const typename F::Flow& f, const abi::Hop* hop) {
    typename F::Addr from = {}, none = {};
    set_source(from, hop);
    u32 payload = p.l4 - static_cast<u32>(sizeof(ethhdr)) + p.l4_len + static_cast<u32>(sizeof(udphdr));
    ip_header(outer.ip, from, f.daddr, payload);
    outer.udp.source = f.dport;
    outer.udp.dest = be16(bl_config.tunnel_port);
    outer.udp.len = be16(static_cast<u16>(payload));
    outer.udp.check = 0;
    return !same(from, none);
}

INLINE bool is_plain_udp(const iphdr& ip) {
    return ip.ihl == 5 && ip.protocol == abi::proto_udp && !(ip.frag_off & be16(0x3fff));
}
INLINE bool is_plain_udp(const ipv6hdr& ip) {
    return ip.nexthdr == abi::proto_udp;
}
INLINE void outer_addresses(const iphdr& ip, abi::Addr4& from, abi::Addr4& to) {
    from.be = ip.saddr;
    to.be = ip.daddr;
}
INLINE void outer_addresses(const ipv6hdr& ip, abi::Addr6& from, abi::Addr6& to) {
    from = addr6(ip.saddr);
    to = addr6(ip.daddr);
}
INLINE u32 ip_length(const iphdr& ip) {
    return be16(ip.tot_len);
}
INLINE u32 ip_length(const ipv6hdr& ip) {
    return be16(ip.payload_len) + static_cast<u32>(sizeof(ipv6hdr));
}

// The headers say it is one of ours. Several that a device has made one of (UDP GRO) cannot be told apart any more.
template <class F>
INLINE bool looks_wrapped(Bytes b, Led<F>& led, typename F::Addr& from) {
    auto* outer = view<Outer<F>>(b, sizeof(ethhdr));
    if (!outer || !is_plain_udp(outer->ip) || outer->udp.dest != be16(bl_config.tunnel_port)) return false;
    auto* inner = view<typename F::Header>(b, sizeof(ethhdr) + sizeof(Outer<F>));
    if (!inner || inner->version != outer->ip.version) return false;
    if (ip_length(*inner) + sizeof(udphdr) != be16(outer->udp.len)) return false;
    led.port = outer->udp.source;
    outer_addresses(outer->ip, from, led.addr);
    return led.port != 0;
}

// Whatever the packet is, a super-packet too: its segments leave room for the outer header (room_of()).
template <class F>
INLINE bool wrap(__sk_buff* ctx, const Packet<F>& p, const typename F::Flow& f, const abi::Hop* hop) {
    Outer<F> outer;
    if (!make_outer<F>(outer, p, f, hop)) return false;
    auto* inner = view<typename F::Header>(frame(ctx), sizeof(ethhdr));
    if (!inner) return false;
    copy_class(outer.ip, *inner);
    ip_finish(outer.ip, abi::proto_udp);
    constexpr u64 family = is_v4<F> ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;
    constexpr u64 flags = BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L4_UDP | family;
    if (bpf_skb_adjust_room(ctx, sizeof outer, BPF_ADJ_ROOM_MAC, flags) < 0) return false;
    return bpf_skb_store_bytes(ctx, sizeof(ethhdr), &outer, sizeof outer, BPF_F_RECOMPUTE_CSUM) == 0;
}

// Another node speaks, and to a container or an address of this node.
template <class F>
INLINE bool is_from_node(const typename F::Addr& from, const typename F::Addr& to) {
    abi::IdentityRow row = {};
    if (find_identity(from, row) != Found::yes || row.identity != abi::identity_remote_node) return false;
    if (is_pod<F>(to)) return true;
    return find_identity(to, row) == Found::yes && (row.flags & abi::identity_is_node);
}

// What the hook found in the outer header travels with the packet to the slow path, beside its note.
INLINE void send_led(__sk_buff* ctx, const Led<V4>& led) {
    set_room<1>(ctx, led.addr.be);
}
INLINE void send_led(__sk_buff* ctx, const Led<V6>& led) {
    set_room<1>(ctx, led.addr.be[0]);
    set_room<2>(ctx, led.addr.be[1]);
    set_room<3>(ctx, led.addr.be[2]);
    set_room<4>(ctx, led.addr.be[3]);
}
INLINE void take_led(__sk_buff* ctx, u32 note, Led<V4>& led) {
    led.port = static_cast<u16>(note >> note_led);
    led.addr.be = room_at<1>(ctx);
}
INLINE void take_led(__sk_buff* ctx, u32 note, Led<V6>& led) {
    led.port = static_cast<u16>(note >> note_led);
    led.addr = {{room_at<1>(ctx), room_at<2>(ctx), room_at<3>(ctx), room_at<4>(ctx)}};
}

// Takes a packet out of the tunnel. False: it is in none.
template <class F>
INLINE bool unwrap(__sk_buff* ctx, Led<F>& led) {
    constexpr u32 headers = sizeof(ethhdr) + sizeof(Outer<F>) + sizeof(typename F::Header);
    Bytes b = frame(ctx);
    if (b.begin + headers > b.end && length_of(ctx) >= headers) {
        pull_headers(ctx);
        b = frame(ctx);
    }
    typename F::Addr from;
    if (!looks_wrapped<F>(b, led, from) || !is_from_node<F>(from, led.addr)) return false;
    constexpr int shorter = -static_cast<int>(sizeof(Outer<F>));
    return bpf_skb_adjust_room(ctx, shorter, BPF_ADJ_ROOM_MAC, BPF_F_ADJ_ROOM_FIXED_GSO) == 0;
}

}  // namespace beeline
