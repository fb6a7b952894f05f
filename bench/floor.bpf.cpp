// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What our paths are measured against, and the driver that puts the packet back before each run: a test run hands the
// same packet to the program again and again, with the TTL and addresses that the last run left.
#include "bpf/lib/parse.h"
#include "bpf/rt/maps.h"
#include "bpf/rt/skb.h"
#include "bpf/rt/xdp.h"

namespace beeline {

enum Mode : u32 { same_flow = 0, random_flow = 1, next_flow = 2 };
constexpr u32 template_bytes = 80;  // headers of TCP over IPv6 and a bit
}  // namespace beeline

extern "C" {
beeline::Hash<beeline::abi::FlowKey4, beeline::abi::Flow4, 262144> floor_flows4 SEC(".maps");
beeline::Hash<beeline::abi::FlowKey6, beeline::abi::Flow6, 262144> floor_flows6 SEC(".maps");
beeline::ProgramArray<1> target SEC(".maps");
beeline::ProgramArray<1> target_xdp SEC(".maps");

volatile beeline::u64 driver_frame[beeline::template_bytes / 8] SEC(".data.frame") = {};
// Mode; number of the last flow; mask of numbers; bytes of the frame.
volatile beeline::u32 driver_state[4] SEC(".data.state") = {};

char bench_license[] SEC("license") = "Dual BSD/GPL";
}

namespace beeline {
// Parser, one lookup, and a look at what was found: without it the lookup of a preallocated hash would be all there is.
template <class F, class Map>
INLINE int parse_and_lookup(__sk_buff* ctx, Map& map) {
    Packet<F> p;
    if (parse<F>(frame(ctx), p) != Parsed::ok) return 2;
    auto* flow = lookup(map, p.key);
    return flow && flow->stamp ? 7 : 2;
}

// The same of a frame that goes back where it came from.
template <class F, class Map>
INLINE int look_up_and_turn(xdp_md* ctx, Map& map) {
    Packet<F> p;
    Bytes b = frame(ctx);
    if (parse<F>(b, p) != Parsed::ok) return XDP_DROP;
    auto* flow = lookup(map, p.key);
    auto* eth = view<ethhdr>(b, 0);
    if (!flow || !flow->stamp || !eth) return XDP_DROP;
    unsigned char was[ETH_ALEN];
    __builtin_memcpy(was, eth->h_dest, ETH_ALEN);
    __builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
    __builtin_memcpy(eth->h_source, was, ETH_ALEN);
    return XDP_TX;
}

// Flow n of a path: 16,384 source ports at each port of the destination, beginning with the frame's own. `sport` is
// where the source port stands.
template <u32 sport>
INLINE void address_flow(unsigned char* packet, u32 n) {
    u16* port = reinterpret_cast<u16*>(packet + sport);
    port[0] = be16(static_cast<u16>(n & 16383));
    port[1] = be16(static_cast<u16>(be16(port[1]) + (n >> 14)));
}

// What the last run has put in front is taken off.
INLINE void shorten(__sk_buff*) {}
INLINE void shorten(xdp_md* ctx) {
    Bytes b = frame(ctx);
    int longer = static_cast<int>(b.end - b.begin) - static_cast<int>(driver_state[3]);
    if (longer > 0) bpf_xdp_adjust_head(ctx, longer);
}

template <u32 sport, class Context, class Target>
INLINE void drive(Context* ctx, Target& program) {
    shorten(ctx);
    auto* packet = view<u64[template_bytes / 8]>(frame(ctx), 0);
    if (!packet) return;
#pragma clang loop unroll(full)
    for (u32 i = 0; i < template_bytes / 8; i++)
        (*packet)[i] = driver_frame[i];
    u32 mode = driver_state[0];
    if (mode != same_flow) {
        u32 state = driver_state[1];
        if (mode == next_flow) {
            state++;
        } else {  // xorshift32
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
        }
        driver_state[1] = state;
        address_flow<sport>(reinterpret_cast<unsigned char*>(*packet), state & driver_state[2]);
    }
    bpf_tail_call(ctx, &program, 0);
}
}  // namespace beeline

extern "C" {
SEC("tc") int floor_return(__sk_buff* ctx) {
    return ctx ? 7 : 2;
}
SEC("tc") int floor_lookup4(__sk_buff* ctx) {
    return beeline::parse_and_lookup<beeline::V4>(ctx, floor_flows4);
}
SEC("tc") int floor_lookup6(__sk_buff* ctx) {
    return beeline::parse_and_lookup<beeline::V6>(ctx, floor_flows6);
}
SEC("tc") int drive4(__sk_buff* ctx) {
    beeline::drive<34>(ctx, target);
    return 2;
}
SEC("tc") int drive6(__sk_buff* ctx) {
    beeline::drive<54>(ctx, target);
    return 2;
}
SEC("xdp") int xdp_return(xdp_md* ctx) {
    return ctx ? XDP_TX : XDP_DROP;
}
// Makes the driver take something off: with that, twice the helper that a path calls once.
SEC("xdp") int xdp_longer(xdp_md* ctx) {
    return beeline::bpf_xdp_adjust_head(ctx, -28) == 0 ? XDP_TX : XDP_DROP;
}
SEC("xdp") int floor_turn4(xdp_md* ctx) {
    return beeline::look_up_and_turn<beeline::V4>(ctx, floor_flows4);
}
SEC("xdp") int floor_turn6(xdp_md* ctx) {
    return beeline::look_up_and_turn<beeline::V6>(ctx, floor_flows6);
}
SEC("xdp") int drive_xdp4(xdp_md* ctx) {
    beeline::drive<34>(ctx, target_xdp);
    return XDP_DROP;
}
SEC("xdp") int drive_xdp6(xdp_md* ctx) {
    beeline::drive<54>(ctx, target_xdp);
    return XDP_DROP;
}
}
