// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one way into the datapath for tc hooks, and the one place where verdicts become return codes.
#pragma once
#include "bpf/lib/fast.h"

namespace beeline {

INLINE bool decided_here(__sk_buff* ctx) {
    u32 mark = mark_of(ctx);
    if (!(mark & bl_config.mark)) return false;
    set_mark(ctx, mark & ~bl_config.mark);
    return true;
}

// Into a program of slow.bpf.cpp, which returns the tc code and has reported what it did. It comes back only if the
// agent has not filled the slot.
INLINE int jump(__sk_buff* ctx, abi::Hook hook, abi::Slow slot, bool unknown) {
    if (Scratch* s = scratch()) {
        s->hook = static_cast<u16>(hook);
        s->unknown = unknown;
        bpf_tail_call(ctx, &bl_slow, static_cast<u32>(slot));
    }
    count(abi::Reason::no_config, hook, length_of(ctx));
    return tc_drop;
}

template <class F>
INLINE int dispatch_ip(__sk_buff* ctx, abi::Hook hook) {
    Verdict verdict = proceed();
    bool unknown = false;
    u32 bytes = length_of(ctx);
    if (fast<F>(ctx, hook, verdict, unknown)) {
        count(reason_of(verdict), hook, bytes);
        return action_of(verdict);
    }
    return jump(ctx, hook, is_v4<F> ? abi::Slow::bl_slow4 : abi::Slow::bl_slow6, unknown);
}

INLINE int dispatch(__sk_buff* ctx, abi::Hook hook) {
    // A packet that one of our hooks has sent on passes the egress hook of the device as well.
    if (hook == abi::Hook::to_container && decided_here(ctx)) return tc_pass;
    switch (ctx->protocol) {
        case V4::ethertype:
            return dispatch_ip<V4>(ctx, hook);
        case V6::ethertype:
            return dispatch_ip<V6>(ctx, hook);
        case be16(ETH_P_ARP):
            return jump(ctx, hook, abi::Slow::bl_arp, false);
    }
    bool container = hook == abi::Hook::from_container;
    abi::Reason reason = container ? abi::Reason::not_ip_container : abi::Reason::not_ip;
    count(reason, hook, length_of(ctx));
    return container ? tc_drop : tc_pass;
}

}  // namespace beeline
