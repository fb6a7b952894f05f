// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tc egress of the node's devices: what leaves. Only packets of containers that the host's stack has routed have work
// to do here.
#include "bpf/lib/dispatch.h"

extern "C" SEC("tc") int bl_to_netdev(__sk_buff* ctx) {
    return beeline::dispatch(ctx, beeline::abi::Hook::to_netdev);
}
