// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage identify: who are the two ends? Also resolve: how is each of them reached?
#pragma once
#include "bpf/lib/service.h"
#include "bpf/lib/way.h"

namespace beeline {

// An address that is not a local container's.
template <class F>
INLINE Verdict find_remote(const typename F::Addr& addr, End& end) {
    abi::IdentityRow row;
    Found found = read_row(identities<F>(), addr, row);
    if (found == Found::unstable) return drop(abi::Reason::row_unstable);
    end.identity = found == Found::yes ? row.identity : static_cast<u32>(abi::identity_world);
    end.node = found == Found::yes && (row.flags & abi::identity_is_node);
    end.hop = abi::hop_host;
    return proceed();
}

template <class F>
INLINE Verdict find_end(const typename F::Addr& addr, End& end) {
    end = {};
    abi::Endpoint row;
    Found found = find_local<F>(addr, end, row);
    if (found == Found::unstable) return drop(abi::Reason::row_unstable);
    return found == Found::yes ? proceed() : find_remote<F>(addr, end);
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
    if (!w.source.local) STAGE(find_end<F>(w.origin.saddr, w.source));
    if (is_vacant<F>(w.source, w.origin.saddr)) return drop(abi::Reason::no_endpoint);
    if (w.hairpin) {
        w.destination = w.source;
        return proceed();
    }
    STAGE(find_end<F>(w.sent.daddr, w.destination));
    if (is_vacant<F>(w.destination, w.sent.daddr)) return drop(abi::Reason::no_endpoint);
    return bl_config.remote ? find_ways<F>(ctx, w) : proceed();
}

}  // namespace beeline
BEELINE_STAGE(identify)
