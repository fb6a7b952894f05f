// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// cgroup/getpeername4, cgroup/getpeername6: the peer of a translated socket is the service address.
#include "bpf/lib/socket.h"

extern "C" SEC("cgroup/getpeername4") int bl_getpeername4(bpf_sock_addr* ctx) {
    return beeline::translate_v4(ctx, false);
}
extern "C" SEC("cgroup/getpeername6") int bl_getpeername6(bpf_sock_addr* ctx) {
    return beeline::translate_v6(ctx, false);
}
