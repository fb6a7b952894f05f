// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage identify: who are the two ends? Also resolve: how is each of them reached?
#pragma once
#include "bpf/lib/service.h"

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

// The ends by who opened the connection: the source as it came, the destination after translation.
template <class F>
INLINE Verdict identify(__sk_buff* ctx, Work<F>& w) {
    (void)ctx;
    if (!w.source.local) STAGE(find_end<F>(w.origin.saddr, w.source));
    if (w.hairpin) {
        w.destination = w.source;
        return proceed();
    }
    STAGE(find_end<F>(w.sent.daddr, w.destination));
    bool lost = !w.destination.local && !w.destination.node && within(w.sent.daddr, pod_net<F>(), pod_mask<F>());
    return lost ? drop(abi::Reason::no_endpoint) : proceed();
}

}  // namespace beeline
BEELINE_STAGE(identify)
