// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The way to an address that is not on this node: asked of the kernel's routing tables once a flow, kept as a row of
// bl_hops. Routes that change move the global counter.
#pragma once
#include "bpf/lib/epoch.h"
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

// What is asked, and where its answer is kept.
template <class F>
INLINE u32 place_of(const Work<F>& w, Way& wanted) {
    put_addr(wanted.to, w.asked);
    put_addr(wanted.from, w.asker);
    wanted.kind = F::socket_family << 8 | w.origin.proto;
    wanted.routes = epoch(abi::slot_global);
    wanted.time = now();
    barrier();
    return (abi::mix(w.asked) + abi::mix(w.asker) * 3) & (way_rows - 1);
}
INLINE bool is_of(const Way& way, const Way& wanted) {
    return (difference(way.to, wanted.to) | difference(way.from, wanted.from) | (way.kind ^ wanted.kind) |
            (way.routes ^ wanted.routes) | (way.time ^ wanted.time)) == 0;
}

// The kernel's answer. Zero where the host's stack is to decide: the address is its own, there is no route, or the
// route leaves by a device that is not ours.
template <class F>
INLINE u32 ask_way(Context* ctx, const Work<F>& w) {
    constexpr s64 success = 0, no_neighbour = 7, longer_than_mtu = 8;  // BPF_FIB_LKUP_RET_*
    bpf_fib_lookup fib = {};
    fib.family = F::socket_family;
    fib.l4_protocol = w.origin.proto;
    fib.ifindex = bl_config.host_ifindex;  // forwarding is on there
    put_addresses(fib, w.asker, w.asked);
    s64 found = bpf_fib_find(ctx, &fib, sizeof fib, 0);
    if (found != success && found != no_neighbour && found != longer_than_mtu) return abi::hop_none;
    abi::NexthopKey key = {};
    key.ifindex = fib.ifindex;
    key.family = F::number;
    read_gateway(fib, w.asked, key);
    u32 hop = hop_of(key);
    if (hop != abi::hop_none) return hop;
    key.via_family = abi::nexthop_resolve;  // a gateway the agent has not heard of yet
    key.via = {};
    return hop_of(key);
}

// w.way: from w.asker to w.asked. The kernel's answer is kept for a moment, each CPU for itself; for longer than that a
// flow keeps it, and both until routes change.
template <class F>
INLINE Verdict find_way(Context* ctx, Work<F>& w) {
    Way wanted = {};
    u32 index = place_of<F>(w, wanted);
    Way* kept = lookup(bl_ways, index);
    if (!kept) return lost();
    if (!is_of(*kept, wanted)) {
        wanted.hop = ask_way<F>(ctx, w);
        *kept = wanted;
    }
    w.way = kept->hop;
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(find_way)
