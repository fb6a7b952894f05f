// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one way into the datapath for tc hooks, and the one place where verdicts become return codes.
#pragma once
#include "bpf/lib/fast.h"

extern "C" {
// The slow path of each family and the answers to ARP, in slow.bpf.cpp and neighbour.bpf.cpp. They return tc codes;
// they have reported what they did.
int bl_slow4(__sk_buff* ctx, int hook);
int bl_slow6(__sk_buff* ctx, int hook);
int bl_arp(__sk_buff* ctx, int hook);
}

namespace beeline {

INLINE bool decided_here(__sk_buff* ctx) {
    u32 mark = mark_of(ctx);
    if (!(mark & bl_config.mark)) return false;
    set_mark(ctx, mark & ~bl_config.mark);
    return true;
}

template <class F>
INLINE int dispatch_ip(__sk_buff* ctx, abi::Hook hook) {
    Verdict verdict = proceed();
    u32 bytes = length_of(ctx);
    if (fast<F>(ctx, hook, verdict)) {
        count(reason_of(verdict), hook, bytes);
        return action_of(verdict);
    }
    if constexpr (is_v4<F>)
        return bl_slow4(ctx, static_cast<int>(hook));
    else
        return bl_slow6(ctx, static_cast<int>(hook));
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
            return bl_arp(ctx, static_cast<int>(hook));
    }
    bool container = hook == abi::Hook::from_container;
    abi::Reason reason = container ? abi::Reason::not_ip_container : abi::Reason::not_ip;
    count(reason, hook, length_of(ctx));
    return container ? tc_drop : tc_pass;
}

}  // namespace beeline
