// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// cgroup/recvmsg4, cgroup/recvmsg6: a datagram from a backend seems to come from the service address it was sent to.
#include "bpf/lib/socket.h"

extern "C" SEC("cgroup/recvmsg4") int bl_recvmsg4(bpf_sock_addr* ctx) {
    return beeline::translate_v4(ctx, false);
}
extern "C" SEC("cgroup/recvmsg6") int bl_recvmsg6(bpf_sock_addr* ctx) {
    return beeline::translate_v6(ctx, false);
}
