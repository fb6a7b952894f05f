// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A whole copy of an entry whose decision need not be current.
#pragma once
#include "bpf/lib/entry.h"

namespace beeline {

// The copy belongs to the key: its element is still the key's, with the same stamp.
template <class F>
INLINE bool is_whole(const typename F::Key& key, const typename F::Flow* entry, u32 stamp) {
    return find_any<F>(key) == entry && read_once(entry->stamp) == stamp && stamp != abi::stamp_rewriting;
}

// w.wanted -> w.old. Done: the copy is whole. Proceed: to be asked again, the entry was rewritten or moved to another
// table meanwhile.
template <class F>
INLINE Verdict copy_once(Context* ctx, Work<F>& w) {
    (void)ctx;
    auto* entry = find_any<F>(w.wanted);
    if (!entry) return drop(abi::Reason::row_unstable);
    u32 stamp = read_once(entry->stamp);
    barrier();
    __builtin_memcpy(&w.old, entry, sizeof w.old);
    barrier();
    return is_whole<F>(w.wanted, entry, stamp) ? done(0, abi::Reason::forwarded) : proceed();
}

}  // namespace beeline
BEELINE_STAGE(copy_once)

namespace beeline {

// Three times in a row it never happens.
template <class F>
INLINE Verdict copy_wanted(Context* ctx, Work<F>& w) {
    (void)w;
#pragma clang loop unroll(disable)
    for (int attempt = 0; attempt < 3; attempt++) {
        Verdict copied = call_copy_once<F>(ctx);
        if (step_of(copied) == Step::done) return proceed();
        if (step_of(copied) == Step::drop) return copied;
    }
    return drop(abi::Reason::row_unstable);
}

}  // namespace beeline
BEELINE_STAGE(copy_wanted)

namespace beeline {

// The entry of this key, whole, in w.old. False: there is none, or it did not hold still.
template <class F>
INLINE bool read_stable(Context* ctx, Work<F>& w, const typename F::Key& key) {
    w.wanted = key;
    return step_of(call_copy_wanted<F>(ctx)) == Step::proceed;
}

}  // namespace beeline
