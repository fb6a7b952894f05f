// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A stage of the slow path as a global function of each family: the verifier looks at it once, on its own, whatever
// the number of callers; and its stack frame is gone when it returns (a chain of calls has 512 bytes together).
// Global functions take no structs and no references: the stage finds its work in the per-CPU scratch, and is not given
// a pointer to it, because Linux 6.1 takes no key of a map from such memory. A call costs about 8 ns, so the fast path
// has none.
#pragma once
#include "bpf/lib/tables.h"
#include "bpf/lib/verdict.h"
#include "bpf/rt/context.h"

namespace beeline {
// The argument counts as used: else the compiler lets callers pass anything, and the verifier refuses them.
template <class F>
INLINE Work<F>* work_of(Context* ctx) {
    asm volatile("" : : "r"(ctx));
    return work<F>();
}
// The scratch row of an array with one element is always there; the verifier wants to hear what if not.
INLINE Verdict lost() {
    return drop(abi::Reason::no_config);
}
}  // namespace beeline

// BEELINE_STAGE(name): bl_name4() and bl_name6() around `Verdict name<F>(ctx, work)`, and call_name<F>(ctx). XDP
// programs have stages of their own, bl_xdp_name4() and bl_xdp_name6(): the verifier looks at each with the packet that
// it gets.
#define BEELINE_STAGE(name)                                                                                  \
    extern "C" {                                                                                             \
    NOINLINE beeline::u64 BEELINE_SYMBOL(name##4)(beeline::Context * ctx) {                                  \
        auto* w = beeline::work_of<beeline::V4>(ctx);                                                        \
        return static_cast<beeline::u64>(w ? beeline::name<beeline::V4>(ctx, *w) : beeline::lost());         \
    }                                                                                                        \
    NOINLINE beeline::u64 BEELINE_SYMBOL(name##6)(beeline::Context * ctx) {                                  \
        auto* w = beeline::work_of<beeline::V6>(ctx);                                                        \
        return static_cast<beeline::u64>(w ? beeline::name<beeline::V6>(ctx, *w) : beeline::lost());         \
    }                                                                                                        \
    }                                                                                                        \
    namespace beeline {                                                                                      \
    template <class F>                                                                                       \
    INLINE Verdict call_##name(Context* ctx) {                                                               \
        return static_cast<Verdict>(is_v4<F> ? BEELINE_SYMBOL(name##4)(ctx) : BEELINE_SYMBOL(name##6)(ctx)); \
    }                                                                                                        \
    }
