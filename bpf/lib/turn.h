// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP: an established flow that comes by one of the node's devices and leaves by one is turned round before the kernel
// makes a packet of the frame. Whatever is not as plain as that goes on to tc, which decides and remembers.
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
    if (parsed != Parsed::ok || !has_ports<F>(p.key.proto) || is_pod<F>(p.key.daddr)) return false;
    if (p.tcp & tcp_turning) return false;  // opens or closes a connection
    return in_nat_range(p.key.dport) || port_is(abi::PortUse::outside, p.key.dport, p.key.proto);
}

// Frames have whole checksums here.
template <class F>
INLINE bool rewrite(Bytes b, const Packet<F>& p, const typename F::Flow& f, const Neighbour& next) {
    u32 l4 = opaque<u32>(p.l4) & 255;
    auto* eth = view<unsigned char[12]>(b, 0);
    auto* ip = view<typename F::Header>(b, sizeof(ethhdr));
    auto* ports = view<u16[2]>(b, l4);
    auto* field = view<u16>(b, l4 + csum_place(p));
    if (!eth || !ip || !ports || !field) return false;
    (*ports)[0] = f.sport;
    (*ports)[1] = f.dport;
    fix_field<F>(field, p, f, summed_none);
    rewrite_addresses(ip, f);
    lower_ttl(ip);
    copy_macs(*eth, next.macs);
    return true;
}

// The frame grows in front. False: it has not.
template <class F>
INLINE bool grow(xdp_md* ctx, const Packet<F>& p, const typename F::Flow& f, Outer<F>& outer) {
    const abi::Hop* hop = lookup(bl_hops, f.hop);
    auto* inner = view<typename F::Header>(frame(ctx), sizeof(ethhdr));
    if (!hop || !inner || !make_outer<F>(outer, p, f, hop)) return false;
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
INLINE int wrap(xdp_md* ctx, const Packet<F>& p, const typename F::Flow& f, const Neighbour& next) {
    Outer<F> outer;
    if (!grow<F>(ctx, p, f, outer)) return XDP_PASS;
    if (put_outer<F>(frame(ctx), outer, next)) return XDP_TX;
    count(abi::Reason::rewrite_failed, abi::Hook::xdp, 0);
    return XDP_DROP;
}

// The node's address, if it is from there that the packet leaves.
template <class F>
INLINE void set_sent(typename F::Key& sent, const typename F::Flow& f, const abi::Hop* hop) {
    sent.saddr = f.saddr;
    sent.daddr = f.daddr;
    if (delivers(f, abi::Deliver::tunnel)) set_source(sent.saddr, hop);
}

template <class F>
INLINE int turn(xdp_md* ctx) {
    Packet<F> p;
    Bytes b = frame(ctx);
    u32 length = static_cast<u32>(b.end - b.begin);
    Parsed parsed = parse<F>(b, p);
    if (!may_turn<F>(p, parsed) || static_cast<u32>(p.l4) + p.l4_len > length || p.ttl <= 1) return XDP_PASS;
    auto* entry = lookup(flows<F>(), p.key);
    typename F::Flow copy;
    if (!entry || !read_current(entry, p.key, copy)) return XDP_PASS;
    bool tunnel = delivers(copy, abi::Deliver::tunnel);
    if (copy.in_if != 0 || (copy.tcp & abi::tcp_rst)) return XDP_PASS;
    if (!tunnel && !delivers(copy, abi::Deliver::neigh)) return XDP_PASS;
    const abi::Hop* hop = lookup(bl_hops, copy.hop);
    if (!hop || length - sizeof(ethhdr) > room_of<F>(hop, copy)) return XDP_PASS;
    typename F::Key sent = p.key;
    set_sent<F>(sent, copy, hop);
    const Neighbour* next = find_neighbour<F>(ctx, *hop, sent);
    if (!next) return XDP_PASS;
    int done = tunnel ? wrap<F>(ctx, p, copy, *next) : rewrite<F>(b, p, copy, *next) ? XDP_TX : XDP_PASS;
    if (done != XDP_TX) return done;
    account<F>(entry, copy, length, p.tcp);
    count(abi::Reason::forwarded, abi::Hook::xdp, length);
    if (hop->ifindex == ctx->ingress_ifindex) return XDP_TX;
    return static_cast<int>(bpf_redirect(hop->ifindex, 0));
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
