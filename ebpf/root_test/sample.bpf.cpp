// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Small programs and maps of every kind that the library's tests load.
#include <linux/bpf.h>

#include "ebpf/root_test/sample.h"

#define SEC(name) __attribute__((section(name), used))

static void* (*const map_lookup)(void*, const void*) = (void* (*)(void*, const void*))BPF_FUNC_map_lookup_elem;
static long (*const map_push)(void*, const void*,
                              unsigned long long) = (long (*)(void*, const void*,
                                                              unsigned long long))BPF_FUNC_map_push_elem;
static long (*const tail_call)(void*, void*, unsigned) = (long (*)(void*, void*, unsigned))BPF_FUNC_tail_call;
static long (*const ring_output)(void*, void*, unsigned long long,
                                 unsigned long long) = (long (*)(void*, void*, unsigned long long,
                                                                 unsigned long long))BPF_FUNC_ringbuf_output;

extern "C" {
struct {
    int (*type)[BPF_MAP_TYPE_HASH];
    unsigned* key;
    unsigned long long* value;
    int (*max_entries)[sample::rows];
} sample_rows SEC(".maps");
struct {
    int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
    unsigned* key;
    unsigned* value;
    int (*max_entries)[2];
} sample_counts SEC(".maps");
struct {
    int (*type)[BPF_MAP_TYPE_QUEUE];
    int (*key_size)[0];
    int (*value_size)[4];
    int (*max_entries)[2];
} sample_queue SEC(".maps");
struct {
    int (*type)[BPF_MAP_TYPE_ARRAY];
    unsigned* key;
    sample::Wide* value;
    int (*max_entries)[8];
    int (*map_flags)[BPF_F_MMAPABLE];
} sample_wide SEC(".maps");
struct {
    int (*type)[BPF_MAP_TYPE_RINGBUF];
    int (*max_entries)[sample::ring_bytes];
} sample_ring SEC(".maps");
struct {
    int (*type)[BPF_MAP_TYPE_PROG_ARRAY];
    unsigned* key;
    unsigned* value;
    int (*max_entries)[2];
} sample_targets SEC(".maps");

volatile const unsigned sample_mark = 1;
volatile const sample::Limits sample_limits = {};
unsigned sample_slots[sample::slots] SEC(".data.slots") = {};
unsigned long long sample_seen = 0;
char sample_license[] SEC("license") = "Dual BSD/GPL";

SEC("tc") int sample_constants(__sk_buff* ctx) {
    sample_seen++;
    return static_cast<int>(sample_mark + sample_limits.least + *(volatile unsigned*)&sample_slots[3] + ctx->mark);
}

SEC("tc") int sample_lookup_with_a_long_name(__sk_buff* ctx) {
    unsigned key = ctx->mark;
    auto* value = static_cast<unsigned long long*>(map_lookup(&sample_rows, &key));
    if (!value) return -1;
    return static_cast<int>(++*value);
}

SEC("tc") int sample_wide_sum(__sk_buff* ctx) {
    unsigned key = ctx->mark;
    auto* wide = static_cast<sample::Wide*>(map_lookup(&sample_wide, &key));
    return wide ? static_cast<int>(wide->word[0] + wide->word[4]) : -1;
}

SEC("tc") int sample_write(__sk_buff* ctx) {
    auto* data = reinterpret_cast<unsigned char*>(static_cast<unsigned long>(ctx->data));
    auto* end = reinterpret_cast<unsigned char*>(static_cast<unsigned long>(ctx->data_end));
    if (data + 1 > end) return -1;
    data[0] = 0xee;
    ctx->mark = 77;
    return 0;
}

SEC("tc") int sample_emit(__sk_buff* ctx) {
    sample::Event event = {ctx->len, ctx->mark};
    unsigned length = ctx->len;
    map_push(&sample_queue, &length, 0);
    return static_cast<int>(ring_output(&sample_ring, &event, sizeof(event), 0));
}

__attribute__((always_inline)) static inline int count(unsigned key) {
    if (auto* value = static_cast<unsigned*>(map_lookup(&sample_counts, &key))) ++*value;
    return -1;
}
SEC("tc") int count_first(__sk_buff* ctx) {
    return ctx ? count(0) : 0;
}
SEC("tc") int count_second(__sk_buff* ctx) {
    return ctx ? count(1) : 0;
}
SEC("tc") int sample_jump(__sk_buff* ctx) {
    tail_call(ctx, &sample_targets, 1);
    return -7;
}

SEC("xdp") int pass_xdp(xdp_md* ctx) {
    return ctx ? XDP_PASS : XDP_DROP;
}

SEC("cgroup/connect4") int deny_connect(bpf_sock_addr* ctx) {
    return ctx ? 0 : 1;
}
SEC("cgroup/connect4") int allow_connect(bpf_sock_addr* ctx) {
    return ctx ? 1 : 0;
}
}
