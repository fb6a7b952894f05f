// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The queue of closed connections: new flows take out what has lingered long enough.
#pragma once
#include "bpf/lib/frame.h"
#include "bpf/lib/pair.h"

namespace beeline {

// Without a jump: the verifier would go on twice. bl_hurry is 0 or 1.
INLINE u32 linger() {
    return bl_config.close_linger - bl_hurry * (bl_config.close_linger - bl_config.hurry_linger);
}

template <class F>
INLINE void reap(const typename F::Key& key) {
    auto* entry = find_any<F>(key);
    if (!entry || !(entry->flags & abi::flow_closed)) return;
    if (now() - entry->last < linger()) return;
    u32 stamp = read_once(entry->stamp);
    barrier();
    typename F::Key twin = abi::reply_key(key, *entry);
    barrier();
    if (find_any<F>(key) != entry || read_once(entry->stamp) != stamp) return;  // recycled meanwhile
    auto* other = find_any<F>(twin);
    if (other && call_leads_to(other, twin, key)) remove_any<F>(twin);
    remove_any<F>(key);
}

// There is a head of the queue, and it has lingered long enough.
INLINE bool is_due() {
    abi::Closing closing;
    return bpf_map_peek_elem(&bl_closing, &closing) == 0 && now() - closing.when >= linger();
}

// The head of the queue leaves.
INLINE void drain_one() {
    abi::Closing closing;
    if (bpf_map_pop_elem(&bl_closing, &closing) < 0) return;
    if (closing.family == 4) {
        abi::FlowKey4 key;
        __builtin_memcpy(&key, &closing.key, sizeof key);
        reap<V4>(key);
    } else {
        reap<V6>(closing.key);
    }
}

}  // namespace beeline

extern "C" NOINLINE int BEELINE_SYMBOL(drain_closing)(beeline::Context* ctx) {
    asm volatile("" : : "r"(ctx));  // as in frame.h
    beeline::drain_one();
    return 0;
}

namespace beeline {

// Two leave for each that comes. The look is part of the program: mostly there is nothing to call for.
INLINE void make_way(Context* ctx) {
    if (!is_due()) return;
    BEELINE_SYMBOL(drain_closing)(ctx);
    if (is_due()) BEELINE_SYMBOL(drain_closing)(ctx);
}

}  // namespace beeline
