// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tc egress on the host side of a container's veth: what the container receives through the host's stack.
#include "bpf/lib/dispatch.h"

extern "C" SEC("tc") int bl_to_container(__sk_buff* ctx) {
    return beeline::dispatch(ctx, beeline::abi::Hook::to_container);
}
