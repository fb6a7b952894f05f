// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tc ingress of beeline_net: what came through the host pair because from_host did not send it on.
#include "bpf/lib/dispatch.h"

extern "C" SEC("tc") int bl_to_host(__sk_buff* ctx) {
    return beeline::dispatch(ctx, beeline::abi::Hook::to_host);
}
