// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// cgroup/sock_release: the last descriptor of a socket is closed; what it was translated to is forgotten.
#include "bpf/lib/socket.h"

extern "C" SEC("cgroup/sock_release") int bl_sock_release(bpf_sock* ctx) {
    return beeline::release(ctx);
}
