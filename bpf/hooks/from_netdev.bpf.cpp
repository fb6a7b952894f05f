// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tc ingress of the node's devices: what arrives for containers, and the answers to what they sent.
#include "bpf/lib/dispatch.h"

extern "C" SEC("tc") int bl_from_netdev(__sk_buff* ctx) {
    return beeline::dispatch(ctx, beeline::abi::Hook::from_netdev);
}
