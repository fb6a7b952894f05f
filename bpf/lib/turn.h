// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP: a flow that comes by one of the node's devices and leaves by one is turned round before the kernel makes a
// packet of the frame. Whatever is not as plain as that goes on to tc, as it came.
#pragma once
#include "bpf/lib/account.h"
#include "bpf/lib/act.h"
#include "bpf/lib/epoch.h"
#include "bpf/lib/macs.h"
#include "bpf/lib/ports.h"
#include "bpf/rt/xdp.h"

namespace beeline {

// May the flow table know it, as one that leaves again? What is for a container is tc's.
template <class F>
INLINE bool may_turn(const Packet<F>& p, Parsed parsed) {
    if (parsed != Parsed::ok || !has_ports<F>(p.key.proto) || is_pod<F>(p.key.daddr) || p.ttl <= 1) return false;
    return in_nat_range(p.key.dport) || port_is(abi::PortUse::outside, p.key.dport, p.key.proto);
}

// Frames have whole checksums here.
template <class F>
INLINE bool rewrite(Bytes b, const Packet<F>& p, const typename F::Flow& f, const Neighbour& next) {
    auto* eth = view<unsigned char[12]>(b, 0);
    auto* ip = view<typename F::Header>(b, sizeof(ethhdr));
    if (!eth || !ip) return false;
    u32 l4 = opaque<u32>(p.l4) & 255;
    auto* ports = view<u16[2]>(b, l4);
    auto* field = view<u16>(b, l4 + csum_place(p.key.proto));
    if (!ports || !field) return false;
    (*ports)[0] = f.sport;
    (*ports)[1] = f.dport;
    *field = fixed<F>(*field, p, f, summed_none);
    rewrite_addresses(ip, f);
    lower_ttl(ip);
    copy_macs(*eth, next.macs);
    return true;
}

// The frame grows in front, for `outer`. False: it has not.
template <class F>
INLINE bool grow(xdp_md* ctx, Outer<F>& outer) {
    auto* inner = view<typename F::Header>(frame(ctx), sizeof(ethhdr));
    if (!inner) return false;
    copy_class(outer.ip, *inner);
    ip_finish(outer.ip, abi::proto_udp);
    return bpf_xdp_adjust_head(ctx, -static_cast<int>(sizeof outer)) == 0;
}

template <class F>
INLINE bool put_outer(Bytes b, const Outer<F>& outer, const Neighbour& next) {
    auto* eth = view<ethhdr>(b, 0);
    auto* place = view<Outer<F>>(b, sizeof(ethhdr));
    auto* inner = view<typename F::Header>(b, sizeof(ethhdr) + sizeof outer);
    if (!eth || !place || !inner) return false;
    copy_macs(eth->h_dest, next.macs);
    eth->h_proto = F::ethertype;
    *place = outer;
    lower_ttl(inner);
    return true;
}

// XDP_TX, or what else is to become of the frame: XDP_PASS as it came, or XDP_DROP.
template <class F>
INLINE int wrap(xdp_md* ctx, Outer<F>& outer, const Neighbour& next) {
    if (!grow<F>(ctx, outer)) return XDP_PASS;
    if (put_outer<F>(frame(ctx), outer, next)) return XDP_TX;
    count(abi::Reason::rewrite_failed, abi::Hook::xdp, 0);
    return XDP_DROP;
}

// In a tunnel? Looked at anew each time: the verifier would go through all in between for either answer.
template <class F>
INLINE bool wraps(const typename F::Flow& f) {
    return delivers(*opaque(&f), abi::Deliver::tunnel);
}

// The node's address, if it is from there that the packet leaves.
template <class F>
INLINE void set_sent(typename F::Key& sent, const typename F::Flow& f, const abi::Hop* hop) {
    sent.saddr = f.saddr;
    sent.daddr = f.daddr;
    if (wraps<F>(f)) set_source(sent.saddr, hop);
}

// The frame as it is parsed, if it is one for us; else a length of 0.
template <class F>
INLINE u32 read_frame(xdp_md* ctx, Packet<F>& p) {
    Bytes b = frame(ctx);
    u32 length = static_cast<u32>(b.end - b.begin);
    Parsed parsed = parse<F>(b, p);
    return may_turn<F>(p, parsed) && static_cast<u32>(p.l4) + p.l4_len <= length ? length : 0;
}

// As the entry says, of which `f` is a current copy.
template <class F>
INLINE int turn_by(xdp_md* ctx, const Packet<F>& p, const typename F::Flow& f, typename F::Flow* entry) {
    Bytes b = frame(ctx);
    u32 length = static_cast<u32>(b.end - b.begin);
    if (!wraps<F>(f) && !delivers(f, abi::Deliver::neigh)) return XDP_PASS;
    const abi::Hop* hop = lookup(bl_hops, f.hop);
    if (!hop || length - sizeof(ethhdr) > room_of<F>(hop, f)) return XDP_PASS;
    typename F::Key sent = p.key;
    set_sent<F>(sent, f, hop);
    const Neighbour* next = find_neighbour<F>(ctx, *hop, sent);
    if (!next) return XDP_PASS;
    Outer<F> outer;
    int done = XDP_PASS;
    if (!wraps<F>(f))
        done = rewrite<F>(b, p, f, *next) ? XDP_TX : XDP_PASS;
    else if (make_outer<F>(outer, p, f, hop))
        done = wrap<F>(ctx, outer, *next);
    if (done != XDP_TX) return done;
    account<F>(entry, f, length, p.tcp);
    count(abi::Reason::forwarded, abi::Hook::xdp, length);
    if (hop->ifindex == device_of(ctx)) return XDP_TX;
    return static_cast<int>(bpf_redirect(hop->ifindex, 0));
}

// May it be the first of a flow for a service? Not one that ends something, or answers.
template <class F>
INLINE bool may_begin(const Packet<F>& p) {
    if (p.tcp & (abi::tcp_fin | abi::tcp_rst)) return false;
    if ((p.tcp & (abi::tcp_syn | abi::tcp_ack)) == (abi::tcp_syn | abi::tcp_ack)) return false;
    return port_is(abi::PortUse::outside, p.key.dport, p.key.proto);
}

// Comes back only if the agent has not put it there.
template <class F>
INLINE int try_first(xdp_md* ctx, const Packet<F>& p) {
    constexpr auto slot = is_v4<F> ? abi::First::bl_first4 : abi::First::bl_first6;
    if (may_begin<F>(p)) bpf_tail_call(ctx, &bl_first, static_cast<u32>(slot));
    return XDP_PASS;
}

template <class F>
INLINE int turn(xdp_md* ctx) {
    Packet<F> p;
    if (!read_frame<F>(ctx, p)) return XDP_PASS;
    if (p.tcp & tcp_turning) return try_first<F>(ctx, p);  // tc's, if it closes a connection or opens one that is known
    auto* entry = lookup(flows<F>(), p.key);
    if (!entry) return try_first<F>(ctx, p);
    typename F::Flow copy;
    if (!read_current(entry, p.key, copy) || copy.in_if != 0 || (copy.tcp & abi::tcp_rst)) return XDP_PASS;
    return turn_by<F>(ctx, p, copy, entry);
}

INLINE int turn_round(xdp_md* ctx) {
    auto* eth = view<ethhdr>(frame(ctx), 0);
    if (!eth) return XDP_PASS;
    switch (eth->h_proto) {
        case V4::ethertype:
            return turn<V4>(ctx);
        case V6::ethertype:
            return turn<V6>(ctx);
    }
    return XDP_PASS;
}

}  // namespace beeline
