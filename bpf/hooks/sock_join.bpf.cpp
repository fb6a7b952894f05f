// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// sockops: a connection of a process in a cgroup that has asked for the shortcut. sk_msg: what such a socket sends.
#include "bpf/lib/join.h"

extern "C" SEC("sockops") int bl_join(bpf_sock_ops* ctx) {
    return beeline::join(ctx);
}
extern "C" SEC("sk_msg") int bl_message(sk_msg_md* ctx) {
    return beeline::pass_on(ctx);
}
