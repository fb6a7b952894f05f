// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// cgroup/bind4, cgroup/bind6: no process of the node takes a node port of a service; it would never hear from a client.
#include "bpf/lib/bind.h"

extern "C" SEC("cgroup/bind4") int bl_bind4(bpf_sock_addr* ctx) {
    return beeline::guard_bind(ctx);
}
extern "C" SEC("cgroup/bind6") int bl_bind6(bpf_sock_addr* ctx) {
    return beeline::guard_bind(ctx);
}
