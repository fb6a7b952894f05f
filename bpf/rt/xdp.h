// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The frame as XDP programs get it.
#pragma once
#include "bpf/rt/bytes.h"
#include "bpf/rt/helpers.h"

namespace beeline {

INLINE Bytes frame(xdp_md* ctx) {
    return {reinterpret_cast<unsigned char*>(static_cast<unsigned long>(ctx->data)),
            reinterpret_cast<unsigned char*>(static_cast<unsigned long>(ctx->data_end))};
}

// By hand, as in skb.h.
INLINE u32 device_of(xdp_md* ctx) {
    u32 value;
    asm volatile("%[value] = *(u32 *)(%[ctx] + %[place])"
                 : [value] "=r"(value)
                 : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(xdp_md, ingress_ifindex)));
    return value;
}

}  // namespace beeline
