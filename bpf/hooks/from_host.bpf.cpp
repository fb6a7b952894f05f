// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tc egress of beeline_host: what host processes, and the world behind the host, send to containers.
#include "bpf/lib/dispatch.h"

extern "C" SEC("tc") int bl_from_host(__sk_buff* ctx) {
    return beeline::dispatch(ctx, beeline::abi::Hook::from_host);
}
