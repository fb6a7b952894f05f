// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Telling the sender at once: a TCP reset, or an ICMP error that quotes its packet. The frame is rebuilt in place
// and sent back the way it came.
#pragma once
#include "bpf/lib/act.h"
#include "bpf/lib/header.h"
#include "bpf/lib/pair.h"
#include "bpf/lib/policy.h"

namespace beeline {

template <class F>
INLINE IcmpError icmp_error_for(abi::Reason reason, u32 mtu) {
    if (reason == abi::Reason::ttl_exceeded) return is_v4<F> ? IcmpError{11, 0, 0} : IcmpError{3, 0, 0};
    if (reason == abi::Reason::too_big) return is_v4<F> ? IcmpError{3, 4, mtu} : IcmpError{2, 0, mtu};
    return is_v4<F> ? IcmpError{3, 3, 0} : IcmpError{1, 4, 0};
}

// Sum of the pseudo header. IPv4's ICMP has none.
template <class F>
INLINE u64 pseudo_sum(const typename F::Addr& from, const typename F::Addr& to, u8 proto, u32 length) {
    if (is_v4<F> && proto == abi::proto_icmp) return 0;
    return csum_words(from) + csum_words(to) + be16(proto) + be16(static_cast<u16>(length));
}

// An Ethernet address, for copies of more than a byte at a time.
struct Mac {
    u16 word[3];
};

// The frame's addresses for the way back, then the first `size` bytes of the body at its place.
template <class F, class Body>
INLINE Verdict send_back(__sk_buff* ctx, const Work<F>& w, const Body& body, u32 size = sizeof(Body)) {
    bool back = is_at(w, abi::Hook::from_container) || is_at(w, abi::Hook::from_netdev);  // by the device it came from
    if (bpf_skb_change_tail(ctx, sizeof(ethhdr) + size, 0) < 0) return drop(abi::Reason::rewrite_failed);
    auto* macs = view<Mac[2]>(frame(ctx), 0);
    if (!macs) return drop(abi::Reason::rewrite_failed);
    const abi::Hop* host = lookup(bl_hops, static_cast<u32>(abi::hop_host));
    if (!host) return drop(abi::Reason::no_route);
    const Mac from = (*macs)[0];
    (*macs)[0] = back ? (*macs)[1] : *reinterpret_cast<const Mac*>(host->dmac);
    (*macs)[1] = from;
    if (bpf_skb_store_bytes(ctx, sizeof(ethhdr), &body, size, BPF_F_RECOMPUTE_CSUM) < 0)
        return drop(abi::Reason::rewrite_failed);
    set_mark(ctx, back ? bl_config.mark : 0u);
    s64 action = back ? bpf_redirect(device_of(ctx), 0) : bpf_redirect(bl_config.host_ifindex, BPF_F_INGRESS);
    return done(static_cast<int>(action), abi::Reason::answered);
}

// Of the refused packet: its IP header and eight bytes. Without a jump, and with bounds that the verifier sees.
constexpr u32 least_quoted = 28, most_quoted = least_quoted + 60;
INLINE u32 quoted_bytes(const Packet<V4>& p) {
    return least_quoted + (opaque<u32>(p.l4 - sizeof(ethhdr) - 20u) & 60);
}
INLINE u32 quoted_bytes(const Packet<V6>&) {
    return sizeof(ipv6hdr) + 8;
}

template <class F>
struct Reset {
    typename F::Header ip;
    tcphdr tcp;
};
template <class F>
struct Quote {
    typename F::Header ip;
    IcmpHeader icmp;
    u8 packet[(is_v4<F> ? most_quoted : sizeof(ipv6hdr) + 8)];  // its IP header, with options, and eight bytes
};

// RST that the sender accepts: RFC 9293, section 3.10.7.1.
template <class F>
INLINE Verdict send_reset(__sk_buff* ctx, const Work<F>& w) {
    if (w.packet.tcp & abi::tcp_rst) return drop(abi::Reason::no_flow);
    auto* got = view<tcphdr>(frame(ctx), opaque<u32>(w.packet.l4) & 255);
    if (!got) return drop(abi::Reason::bad_header);
    Reset<F> r = {};
    ip_header(r.ip, w.seen.daddr, w.seen.saddr, sizeof r.tcp);
    ip_finish(r.ip, abi::proto_tcp);
    r.tcp.source = got->dest;
    r.tcp.dest = got->source;
    r.tcp.doff = 5;
    r.tcp.rst = 1;
    if (w.packet.tcp & abi::tcp_ack) {
        r.tcp.seq = got->ack_seq;
    } else {
        u32 length = w.packet.l4_len - w.packet.l4_header;
        length += (w.packet.tcp & abi::tcp_syn ? 1 : 0) + (w.packet.tcp & abi::tcp_fin ? 1 : 0);
        r.tcp.ack = 1;
        r.tcp.ack_seq = be32(be32(got->seq) + length);
    }
    u64 sum = csum_words(r.tcp) + pseudo_sum<F>(w.seen.daddr, w.seen.saddr, abi::proto_tcp, sizeof r.tcp);
    r.tcp.check = csum_negate(csum_fold(sum));
    return send_back<F>(ctx, w, r);
}

// w.error, from w.asked.
template <class F>
INLINE Verdict send_icmp(__sk_buff* ctx, const Work<F>& w) {
    const typename F::Addr from = w.asked;
    const IcmpError error = w.error;
    Quote<F> q = {};
    u32 quoted = quoted_bytes(w.packet);
    u32 length = sizeof q.icmp + quoted;
    ip_header(q.ip, from, w.seen.saddr, length);
    ip_finish(q.ip, F::icmp);
    q.icmp.type = error.type;
    q.icmp.code = error.code;
    u32 mtu = be32(error.mtu);  // IPv4 has it in the low half, IPv6 in the whole word
    __builtin_memcpy(&q.icmp.id, &mtu, sizeof mtu);
    if (bpf_skb_load_bytes(ctx, sizeof(ethhdr), q.packet, quoted) < 0) return drop(abi::Reason::bad_header);
    s64 sum = bpf_csum_diff(nullptr, 0, &q.icmp, length, 0);
    u64 body = static_cast<u32>(sum);
    q.icmp.checksum = csum_negate(csum_fold(body + pseudo_sum<F>(from, w.seen.saddr, F::icmp, length)));
    return send_back<F>(ctx, w, q, sizeof q.ip + length);
}

}  // namespace beeline
BEELINE_STAGE(send_icmp)

namespace beeline {

// The way to who has sent the packet in hand, if it leads out by one of the node's devices.
template <class F>
INLINE const abi::Hop* way_back(const Work<F>& w) {
    if (w.source.netdev) return lookup(bl_hops, w.source.hop);
    if (!is_at(w, abi::Hook::from_netdev) || w.use != static_cast<u8>(Use::old)) return nullptr;
    auto* twin = find_any<F>(w.twin);
    if (!twin) return nullptr;
    u32 row = twin->hop;
    return lookup(bl_hops, row);
}

// Who says that a packet did not get through: the router, or towards the world the node.
template <class F>
INLINE typename F::Addr complainer(const Work<F>& w) {
    typename F::Addr none = {}, node = {};
    const abi::Hop* hop = way_back<F>(w);
    if (hop) set_source(node, hop);
    return same(node, none) ? router<F>() : node;
}

// An error is never answered with an error.
template <class F>
INLINE Verdict answer(__sk_buff* ctx, Work<F>& w) {
    auto reason = static_cast<abi::Reason>(w.reason);
    bool local =
        reason == abi::Reason::no_backend || reason == abi::Reason::no_service || reason == abi::Reason::no_flow;
    if (local && w.origin.proto == abi::proto_tcp) return send_reset<F>(ctx, w);
    if (w.parsed == static_cast<u8>(Parsed::icmp_error)) return drop(reason);
    if (w.use == static_cast<u8>(Use::nothing)) w.use = static_cast<u8>(w.from_reply ? Use::reply : Use::forward);
    barrier();  // read back, so that it is a number and not two ways (entry_in_use)
    const typename F::Flow& flow = entry_in_use<F>(w);
    const abi::Hop* hop = lookup(bl_hops, flow.hop);
    w.error = icmp_error_for<F>(reason, hop ? room_of<F>(hop, flow) : 0u);
    w.asked = local ? w.seen.daddr : complainer<F>(w);
    return call_send_icmp<F>(ctx);
}

}  // namespace beeline
BEELINE_STAGE(answer)
