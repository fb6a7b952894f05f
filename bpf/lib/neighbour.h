// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// ARP and neighbour discovery on a container's veth: the datapath is the router, with the host side's own MAC (any
// other would make the host's stack refuse what the container sends it).
#pragma once
#include "bpf/lib/answer.h"

namespace beeline {

struct ArpEthernet {  // RFC 826 for Ethernet and IPv4, as it stands in the frame
    u16 hardware, protocol;
    u8 hardware_length, protocol_length;
    u16 operation;
    u8 sender_mac[6], sender_ip[4], target_mac[6], target_ip[4];
};
static_assert(sizeof(ArpEthernet) == 28);

// The endpoint that sends from this device, by the address it claims; and the MAC of its gateway.
template <class F>
INLINE const abi::Hop* gateway_of(__sk_buff* ctx, const typename F::Addr& sender) {
    abi::Endpoint row = {};
    if (find_endpoint(sender, row) != Found::yes || row.ifindex != device_of(ctx)) return nullptr;
    return lookup(bl_hops, row.hop);
}

INLINE int arp_done(__sk_buff* ctx, abi::Hook hook, abi::Reason reason, int action) {
    count(reason, hook, length_of(ctx));
    return action;
}

INLINE abi::Addr4 read_ip(const u8 (&bytes)[4]) {
    abi::Addr4 a;
    __builtin_memcpy(&a, bytes, 4);
    return a;
}

INLINE int answer_arp(__sk_buff* ctx, abi::Hook hook) {
    if (hook != abi::Hook::from_container) return arp_done(ctx, hook, abi::Reason::absorbed, tc_drop);
    if (!view<ArpEthernet>(frame(ctx), sizeof(ethhdr)) && !pull_headers(ctx))
        return arp_done(ctx, hook, abi::Reason::bad_header, tc_drop);
    auto* arp = view<ArpEthernet>(frame(ctx), sizeof(ethhdr));
    if (!arp || arp->hardware != be16(1) || arp->protocol != be16(ETH_P_IP))
        return arp_done(ctx, hook, abi::Reason::bad_header, tc_drop);
    abi::Addr4 sender = read_ip(arp->sender_ip);
    abi::Addr4 target = read_ip(arp->target_ip);
    const abi::Hop* hop = gateway_of<V4>(ctx, sender);
    if (!hop) return arp_done(ctx, hook, abi::Reason::bad_source, tc_drop);
    if (arp->operation != be16(1) || !same(target, router<V4>()))
        return arp_done(ctx, hook, abi::Reason::absorbed, tc_drop);
    auto* macs = view<unsigned char[12]>(frame(ctx), 0);
    if (!macs) return arp_done(ctx, hook, abi::Reason::bad_header, tc_drop);
    __builtin_memcpy(arp->target_mac, arp->sender_mac, 10);  // MAC and IP stand side by side
    __builtin_memcpy(arp->sender_mac, hop->smac, 6);
    __builtin_memcpy(arp->sender_ip, &target, 4);
    arp->operation = be16(2);
    __builtin_memcpy(macs, arp->target_mac, 6);
    __builtin_memcpy(*macs + 6, hop->smac, 6);
    set_mark(ctx, bl_config.mark);
    return arp_done(ctx, hook, abi::Reason::answered, static_cast<int>(bpf_redirect(device_of(ctx), 0)));
}

struct Advertisement {  // RFC 4861, section 4.4, with the target's link-layer address
    ipv6hdr ip;
    u8 type, code;
    u16 checksum;
    u32 flags;
    abi::Addr6 target;
    u8 option_type, option_length, mac[6];
};
static_assert(sizeof(Advertisement) == 72);

INLINE Verdict advertise(__sk_buff* ctx, const Work<V6>& w, const abi::Hop* hop) {
    Advertisement a = {};
    constexpr u32 length = sizeof a - sizeof a.ip;
    ip_header(a.ip, router<V6>(), w.packet.key.saddr, length);
    ip_finish(a.ip, abi::proto_icmp6);
    a.ip.hop_limit = 255;
    a.type = 136;
    a.flags = be32(0xe0000000u);  // router, solicited, override
    a.target = router<V6>();
    a.option_type = 2;
    a.option_length = 1;
    __builtin_memcpy(a.mac, hop->smac, 6);
    s64 sum = bpf_csum_diff(nullptr, 0, reinterpret_cast<u32*>(&a.type), length, 0);
    u64 body = static_cast<u32>(sum);
    a.checksum =
        csum_negate(csum_fold(body + pseudo_sum<V6>(router<V6>(), w.packet.key.saddr, abi::proto_icmp6, length)));
    STAGE(step_of(send_back<V6>(ctx, w, a)) == Step::done ? proceed() : drop(abi::Reason::rewrite_failed));
    auto* eth = view<unsigned char[12]>(frame(ctx), 0);
    if (!eth) return drop(abi::Reason::rewrite_failed);
    copy_macs(*eth, hop->dmac);  // the question went to a group
    return done(tc_redirect, abi::Reason::answered);
}

// Solicitations for the router are answered; everything else of this protocol ends at the router.
INLINE Verdict answer_neighbour(__sk_buff* ctx, const Work<V6>& w) {
    constexpr u8 solicitation = 135;
    bool container = is_at(w, abi::Hook::from_container);
    auto* target = view<abi::Addr6>(frame(ctx), sizeof(ethhdr) + sizeof(ipv6hdr) + 8);
    if (!container || w.packet.type != solicitation || !target) return done(tc_drop, abi::Reason::absorbed);
    if (!same(*target, router<V6>())) return done(tc_drop, abi::Reason::absorbed);
    const abi::Hop* hop = gateway_of<V6>(ctx, w.packet.key.saddr);
    if (!hop) return drop(abi::Reason::bad_source);
    return advertise(ctx, w, hop);
}

}  // namespace beeline

extern "C" NOINLINE beeline::u64 bl_neighbour(__sk_buff* ctx) {
    auto* w = beeline::work_of<beeline::V6>(ctx);
    return static_cast<beeline::u64>(w ? beeline::answer_neighbour(ctx, *w) : beeline::lost());
}
