// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP: an established flow that comes by one of the node's devices and leaves by one is turned round before the kernel
// makes a packet of the frame. Whatever is not as plain as that goes on to tc, which decides and remembers.
#pragma once
#include "bpf/lib/account.h"
#include "bpf/lib/act.h"
#include "bpf/lib/epoch.h"
#include "bpf/lib/fib.h"
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

// The next hop's address, if it is one of the flow's family.
INLINE bool next_of(const abi::Hop& hop, const abi::Flow4& f, abi::Addr4& next) {
    next = f.daddr;
    if (hop.flags & abi::hop_via4) next.be = hop.via.be[0];
    return !(hop.flags & (abi::hop_via6 | abi::hop_resolve));
}
INLINE bool next_of(const abi::Hop& hop, const abi::Flow6& f, abi::Addr6& next) {
    next = f.daddr;
    if (hop.flags & abi::hop_via6) next = hop.via;
    return !(hop.flags & (abi::hop_via4 | abi::hop_resolve));
}

// The Ethernet addresses on the way to it, which the kernel's neighbour table has: 0 if it does not (yet), so that tc
// sends this one and has the neighbour asked for.
template <class F>
INLINE bool find_macs(xdp_md* ctx, const abi::Hop& hop, const typename F::Flow& f, u8 (&macs)[12]) {
    typename F::Addr next;
    if (!next_of(hop, f, next)) return false;
    bpf_fib_lookup fib = {};
    fib.family = F::socket_family;
    fib.l4_protocol = abi::proto_tcp;
    fib.ifindex = bl_config.host_ifindex;  // forwarding is on there
    put_addresses(fib, f.saddr, next);
    if (bpf_fib_find(ctx, &fib, sizeof fib, 0) != 0 || fib.ifindex != hop.ifindex) return false;
    __builtin_memcpy(macs, fib.dmac, 6);
    __builtin_memcpy(macs + 6, fib.smac, 6);
    return true;
}

// Frames have whole checksums here.
template <class F>
INLINE bool rewrite(Bytes b, const Packet<F>& p, const typename F::Flow& f, const u8 (&macs)[12]) {
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
    copy_macs(*eth, macs);
    return true;
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
    if (copy.in_if != 0 || !delivers(copy, abi::Deliver::neigh) || (copy.tcp & abi::tcp_rst)) return XDP_PASS;
    const abi::Hop* hop = lookup(bl_hops, copy.hop);
    u8 macs[12];
    if (!hop || length - sizeof(ethhdr) > hop->mtu || !find_macs<F>(ctx, *hop, copy, macs)) return XDP_PASS;
    if (!rewrite<F>(b, p, copy, macs)) return XDP_PASS;
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
