// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// cgroup/sendmsg4, cgroup/sendmsg6: a datagram to a service address goes to the backend this socket has for it.
#include "bpf/lib/socket.h"

extern "C" SEC("cgroup/sendmsg4") int bl_sendmsg4(bpf_sock_addr* ctx) {
    return beeline::translate_v4(ctx, true);
}
extern "C" SEC("cgroup/sendmsg6") int bl_sendmsg6(bpf_sock_addr* ctx) {
    return beeline::translate_v6(ctx, true);
}
