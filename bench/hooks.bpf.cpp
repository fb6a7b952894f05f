// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The floor of a socket hook: a program that lets connect() pass, so that the rest is what the kernel takes to call
// one.
#include "bpf/rt/helpers.h"

extern "C" {
SEC("cgroup/connect4") int floor_connect4(bpf_sock_addr* ctx) {
    return ctx ? 1 : 0;
}
SEC("cgroup/connect6") int floor_connect6(bpf_sock_addr* ctx) {
    return ctx ? 1 : 0;
}

char hooks_license[] SEC("license") = "Dual BSD/GPL";
}
