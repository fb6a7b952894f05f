// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A program that the verifier must refuse, beside one that is fine.
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

extern "C" {
char refused_license[] SEC("license") = "Dual BSD/GPL";

SEC("tc") int reads_beyond_the_packet(__sk_buff* ctx) {
    auto* data = reinterpret_cast<volatile unsigned char*>(static_cast<unsigned long>(ctx->data));
    return data[40];
}
SEC("tc") int harmless(__sk_buff* ctx) {
    return ctx ? 7 : 0;
}
}
