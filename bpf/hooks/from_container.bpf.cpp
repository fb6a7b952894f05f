// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// tc ingress on the host side of a container's veth: what the container sends.
#include "bpf/lib/dispatch.h"

extern "C" SEC("tc") int bl_from_container(__sk_buff* ctx) {
    return beeline::dispatch(ctx, beeline::abi::Hook::from_container);
}
