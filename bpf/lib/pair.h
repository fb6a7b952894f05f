// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The two tables as one, for who does not care which of them has an entry.
#pragma once
#include "bpf/lib/tables.h"

namespace beeline {

template <class F>
INLINE bool same_tuple(const typename F::Key& a, const typename F::Key& b) {
    return same(a.saddr, b.saddr) && same(a.daddr, b.daddr) && a.sport == b.sport && a.dport == b.dport;
}

template <class F>
INLINE typename F::Flow* find_any(const typename F::Key& key) {
    auto* entry = lookup(flows<F>(), key);
    return entry ? entry : lookup(young<F>(), key);
}
template <class F>
INLINE void remove_any(const typename F::Key& key) {
    remove(flows<F>(), key);
    remove(young<F>(), key);
}
template <class F>
INLINE s64 put(u8 table, const typename F::Key& key, const typename F::Flow& flow, u64 flags) {
    return table ? update(young<F>(), key, flow, flags) : update(flows<F>(), key, flow, flags);
}

}  // namespace beeline
