// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The way to an address that is not on this node: asked of the kernel's routing tables once a flow, kept as a row of
// bl_hops. Routes that change move the global counter.
#pragma once
#include "bpf/lib/fib.h"
#include "bpf/lib/frame.h"
#include "bpf/lib/rows.h"

BEELINE_ROW(read_nexthop, bl_nexthops, NexthopKey, Nexthop)

namespace beeline {

// The gateway in what the kernel answered: the next hop stands in the place of the destination, also of another family.
INLINE void read_gateway(const bpf_fib_lookup& fib, const abi::Addr4& to, abi::NexthopKey& key) {
    if (fib.family == V6::socket_family) {
        key.via_family = 6;
        __builtin_memcpy(&key.via, fib.ipv6_dst, sizeof key.via);
    } else if (fib.ipv4_dst != to.be) {
        key.via_family = 4;
        key.via.be[0] = fib.ipv4_dst;
    }
}
INLINE void read_gateway(const bpf_fib_lookup& fib, const abi::Addr6& to, abi::NexthopKey& key) {
    abi::Addr6 next;
    __builtin_memcpy(&next, fib.ipv6_dst, sizeof next);
    if (same(next, to)) return;
    key.via_family = 6;
    key.via = next;
}

INLINE u32 hop_of(const abi::NexthopKey& key) {
    abi::Nexthop row = {};
    return read_nexthop(key, row) == Found::yes ? row.hop : static_cast<u32>(abi::hop_none);
}

// w.way: from w.asker to w.asked. Zero where the host's stack is to decide: the address is its own, there is no route,
// or the route leaves by a device that is not ours.
template <class F>
INLINE Verdict find_way(Context* ctx, Work<F>& w) {
    constexpr s64 success = 0, no_neighbour = 7, longer_than_mtu = 8;  // BPF_FIB_LKUP_RET_*
    w.way = abi::hop_none;
    bpf_fib_lookup fib = {};
    fib.family = F::socket_family;
    fib.l4_protocol = w.origin.proto;
    fib.ifindex = bl_config.host_ifindex;  // forwarding is on there
    put_addresses(fib, w.asker, w.asked);
    s64 found = bpf_fib_find(ctx, &fib, sizeof fib, 0);
    if (found != success && found != no_neighbour && found != longer_than_mtu) return proceed();
    abi::NexthopKey key = {};
    key.ifindex = fib.ifindex;
    key.family = F::number;
    read_gateway(fib, w.asked, key);
    w.way = hop_of(key);
    if (w.way != abi::hop_none) return proceed();
    key.via_family = abi::nexthop_resolve;  // a gateway the agent has not heard of yet
    key.via = {};
    w.way = hop_of(key);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(find_way)
