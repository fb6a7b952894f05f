// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage check_source: nobody speaks with another's address.
#pragma once
#include "bpf/lib/fast.h"
#include "bpf/lib/known.h"

namespace beeline {

INLINE bool same_mac(const u8 (&a)[6], const unsigned char* b) {
    u32 difference = 0;
    for (int i = 0; i < 6; i++)
        difference |= a[i] ^ b[i];
    return difference == 0;
}

// Addresses that may not be on the wire, and groups. The verdict for a group depends on who sends.
INLINE bool is_martian(const abi::Addr4& a) {
    u32 host = be32(a.be);
    return (host >> 24) == 127 || (host >> 24) == 0 || host >= 0xf0000000u;
}
INLINE bool is_martian(const abi::Addr6& a) {
    return (a.be[0] | a.be[1] | a.be[2]) == 0;
}  // ::, ::1, ::x.x.x.x
INLINE bool is_group(const abi::Addr4& a) {
    return (be32(a.be) >> 28) == 14 || a.be == 0xffffffffu;
}
INLINE bool is_group(const abi::Addr6& a) {
    return (be32(a.be[0]) >> 24) == 0xff;
}

// The endpoint that owns `addr`, as an End; unknown addresses leave `end` as it is.
template <class F>
INLINE Found find_local(const typename F::Addr& addr, End& end, abi::Endpoint& row) {
    Found found = read_row(endpoints<F>(), addr, row);
    if (found != Found::yes) return found;
    end.policy = row.policy;
    end.identity = row.identity;
    end.ifindex = row.ifindex;
    end.hop = row.hop;
    end.local = 1;
    return found;
}

// From a container: its own address and its own MAC. Who opens a connection is known from here on; the counter of its
// address is read already.
template <class F>
INLINE Verdict check_container_source(Context* ctx, Work<F>& w) {
    End end = {};
    abi::Endpoint row;
    Found found = find_local<F>(w.seen.saddr, end, row);
    if (found == Found::unstable) return drop(abi::Reason::row_unstable);
    auto* eth = view<ethhdr>(frame(ctx), 0);
    if (found == Found::no || !eth) return drop(abi::Reason::bad_source);
    if (row.ifindex != device_of(ctx) || !same_mac(row.mac, eth->h_source)) return drop(abi::Reason::bad_source);
    if (!w.from_reply) w.source = end;
    return proceed();
}

// From the host's side: anything but a container's address.
template <class F>
INLINE Verdict check_host_source(const Work<F>& w) {
    if (is_pod<F>(w.seen.saddr) && !same(w.seen.saddr, router<F>())) return drop(abi::Reason::bad_source);
    return proceed();
}

// From the wire: anything but an address of this node's containers. Its own addresses are found out by identify().
template <class F>
INLINE Verdict check_netdev_source(const Work<F>& w) {
    return is_pod<F>(w.seen.saddr) ? drop(abi::Reason::bad_source) : proceed();
}

template <class F>
INLINE Verdict check_source(Context* ctx, Work<F>& w) {
    bool container = is_at(w, abi::Hook::from_container);
    if (is_group(w.seen.daddr)) return container ? drop(abi::Reason::multicast) : done(tc_drop, abi::Reason::absorbed);
    if (is_martian(w.seen.daddr) || is_martian(w.seen.saddr) || is_group(w.seen.saddr))
        return drop(abi::Reason::martian);
    if (container) return check_container_source<F>(ctx, w);
    bool netdev = is_at(w, abi::Hook::from_netdev);
    return netdev ? check_netdev_source<F>(w) : check_host_source<F>(w);
}

}  // namespace beeline
