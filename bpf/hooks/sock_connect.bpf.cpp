// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// cgroup/connect4, cgroup/connect6: connect() to a service address reaches a backend at once.
#include "bpf/lib/socket.h"

extern "C" SEC("cgroup/connect4") int bl_connect4(bpf_sock_addr* ctx) {
    return beeline::translate_v4(ctx, true);
}
extern "C" SEC("cgroup/connect6") int bl_connect6(bpf_sock_addr* ctx) {
    return beeline::translate_v6(ctx, true);
}
