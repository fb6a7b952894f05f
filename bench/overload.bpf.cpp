// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A generator of live frames (BPF_F_TEST_XDP_LIVE_FRAMES), the far end that counts what comes back of them, and the
// floor of a node between the two. UDP.
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include "bpf/rt/xdp.h"

namespace beeline {
constexpr u32 frame_bytes = 64;
constexpr u32 udp4_at = sizeof(ethhdr) + sizeof(iphdr), udp6_at = sizeof(ethhdr) + sizeof(ipv6hdr);

struct Generator {
    u32 next, flows;  // number of the next flow; how many there are
    u32 ifindex;      // frames leave by it
    u16 port;         // source port of the first flow
    u16 sum;          // of the frame's UDP checksum, with source port 0, not yet complemented
};
struct FarEnd {
    u32 counting;  // else all frames pass
    u32 daddr;     // frames to this address, or one that ends so, and to this port count; network order
    u16 dport;
    u16 ethertype;
    u64 came;
};
}  // namespace beeline

extern "C" {
volatile beeline::u64 frame_template[beeline::frame_bytes / 8] SEC(".data.frame") = {};
volatile beeline::Generator generator SEC(".data.generator") = {};
volatile beeline::FarEnd far SEC(".data.far") = {};

char overload_license[] SEC("license") = "Dual BSD/GPL";
}

namespace beeline {
INLINE u16 folded(u32 sum) {
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum + (sum >> 16));
}

// The frame is one that was used before, as the node left it.
template <u32 udp_at>
INLINE int next_frame(xdp_md* ctx) {
    auto* words = view<u64[frame_bytes / 8]>(frame(ctx), 0);
    if (!words) return XDP_DROP;
#pragma clang loop unroll(full)
    for (u32 i = 0; i < frame_bytes / 8; i++)
        (*words)[i] = frame_template[i];
    u32 number = generator.next;
    generator.next = number + 1 < generator.flows ? number + 1 : 0;
    auto* udp = reinterpret_cast<udphdr*>(reinterpret_cast<unsigned char*>(*words) + udp_at);
    udp->source = be16(static_cast<u16>(generator.port + number));
    udp->check = static_cast<u16>(~folded(u32{generator.sum} + udp->source));
    return static_cast<int>(bpf_redirect(generator.ifindex, 0));
}

// The end of the destination's address stands right before the UDP header.
template <u32 udp_at>
INLINE bool is_counted(xdp_md* ctx) {
    auto* headers = view<unsigned char[udp_at + sizeof(udphdr)]>(frame(ctx), 0);
    if (!headers) return false;
    auto* daddr = reinterpret_cast<u32*>(*headers + udp_at - sizeof(u32));
    auto* udp = reinterpret_cast<udphdr*>(*headers + udp_at);
    return *daddr == far.daddr && udp->dest == far.dport;
}

INLINE int count_frame(xdp_md* ctx) {
    if (!far.counting) return XDP_PASS;
    auto* eth = view<ethhdr>(frame(ctx), 0);
    if (!eth || eth->h_proto != far.ethertype) return XDP_PASS;
    if (!(eth->h_proto == be16(ETH_P_IP) ? is_counted<udp4_at>(ctx) : is_counted<udp6_at>(ctx))) return XDP_PASS;
    __sync_fetch_and_add(&far.came, 1);
    return XDP_DROP;
}

INLINE int turn_frame(xdp_md* ctx) {
    auto* eth = view<ethhdr>(frame(ctx), 0);
    if (!eth || (eth->h_proto != be16(ETH_P_IP) && eth->h_proto != be16(ETH_P_IPV6))) return XDP_PASS;
    unsigned char was[ETH_ALEN];
    __builtin_memcpy(was, eth->h_dest, ETH_ALEN);
    __builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
    __builtin_memcpy(eth->h_source, was, ETH_ALEN);
    return XDP_TX;
}
}  // namespace beeline

extern "C" {
SEC("xdp") int generate4(xdp_md* ctx) {
    return beeline::next_frame<beeline::udp4_at>(ctx);
}
SEC("xdp") int generate6(xdp_md* ctx) {
    return beeline::next_frame<beeline::udp6_at>(ctx);
}
SEC("xdp") int far_end(xdp_md* ctx) {
    return beeline::count_frame(ctx);
}
SEC("xdp") int floor_turn(xdp_md* ctx) {
    return beeline::turn_frame(ctx);
}
}
