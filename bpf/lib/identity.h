// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage identify: who are the two ends? Also resolve: how is each of them reached?
#pragma once
#include "bpf/lib/service.h"
#include "bpf/lib/way.h"

namespace beeline {

// An address that is not a local container's. Every address is something.
template <class F>
INLINE Found find_remote(const typename F::Addr& addr, End& end) {
    abi::IdentityRow row = {};
    Found found = find_identity(addr, row);
    if (found == Found::unstable) return found;
    end.identity = found == Found::yes ? row.identity : static_cast<u32>(abi::identity_world);
    end.node = found == Found::yes && (row.flags & abi::identity_is_node);
    end.hop = abi::hop_host;
    return Found::yes;
}

// False: its row did not hold still. The address by value: Linux 6.1 wants a key to stand in the function's own frame.
template <class F>
INLINE int find_end(const typename F::Addr* wanted, End* end) {
    if (!wanted || !end) return 0;
    typename F::Addr addr = *wanted;
    *end = {};
    abi::Endpoint row;
    Found found = find_local<F>(opaque(&addr)[0], *end, row);
    if (found == Found::no) found = find_remote<F>(addr, *end);
    return found == Found::yes;
}
}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for each end.
extern "C" {
SHARED int bl_find_end4(const beeline::abi::Addr4* addr, beeline::End* end) {
    return beeline::find_end<beeline::V4>(addr, end);
}
SHARED int bl_find_end6(const beeline::abi::Addr6* addr, beeline::End* end) {
    return beeline::find_end<beeline::V6>(addr, end);
}
}

namespace beeline {
INLINE bool call_find_end(const abi::Addr4& addr, End& end) {
    return bl_find_end4(&addr, &end);
}
INLINE bool call_find_end(const abi::Addr6& addr, End& end) {
    return bl_find_end6(&addr, &end);
}

// From w.asker to w.asked, which is this end's address.
template <class F>
INLINE void lead_out(Context* ctx, Work<F>& w, End& end) {
    call_find_way<F>(ctx);
    if (w.way == abi::hop_none) return;
    end.remote = 1;
    end.hop = w.way;
}

// By which device of the node the ends are reached. Who came by one is answered by one, if the routes say so.
template <class F>
INLINE Verdict find_ways(Context* ctx, Work<F>& w) {
    if (w.by_netdev) {
        if (w.source.local || w.source.node) return drop(abi::Reason::martian);
        w.source.netdev = 1;
        w.asked = w.origin.saddr;
        w.asker = w.sent.daddr;
        lead_out<F>(ctx, w, w.source);
    }
    if (w.destination.local || w.destination.node) return proceed();
    w.asked = w.sent.daddr;
    w.asker = w.origin.saddr;
    lead_out<F>(ctx, w, w.destination);
    w.destination.netdev = w.destination.remote;
    return proceed();
}

// An address of this node's containers that no container has: also of one that has gone from under its connection.
template <class F>
INLINE bool is_vacant(const End& end, const typename F::Addr& addr) {
    return !end.local && !end.node && is_pod<F>(addr);
}

// The ends by who opened the connection: the source as it came, the destination after translation.
template <class F>
INLINE Verdict identify(Context* ctx, Work<F>& w) {
    if (!w.source.local && !call_find_end(w.origin.saddr, w.source)) return drop(abi::Reason::row_unstable);
    if (is_vacant<F>(w.source, w.origin.saddr)) return drop(abi::Reason::no_endpoint);
    if (w.hairpin) {
        w.destination = w.source;
        return proceed();
    }
    if (!call_find_end(w.sent.daddr, w.destination)) return drop(abi::Reason::row_unstable);
    if (is_vacant<F>(w.destination, w.sent.daddr)) return drop(abi::Reason::no_endpoint);
    return bl_config.remote ? find_ways<F>(ctx, w) : proceed();
}

}  // namespace beeline
BEELINE_STAGE(identify)
