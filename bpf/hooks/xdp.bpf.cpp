// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP on the node's devices: what arrives for a service whose backend is elsewhere, and the answers to it. Not
// "xdp.frags": for such a program generic mode copies the packet and loses mac_len (Linux 6.18), and tc programs behind
// it see the packet from its IP header on.
#define BEELINE_XDP
#include "bpf/lib/turn.h"

extern "C" SEC("xdp") int bl_xdp(xdp_md* ctx) {
    return beeline::turn_round(ctx);
}
