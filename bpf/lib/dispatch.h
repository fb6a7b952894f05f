// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one way into the datapath for tc hooks, and the one place where verdicts become return codes.
#pragma once
#include "bpf/lib/source.h"

namespace beeline {

INLINE bool decided_here(__sk_buff* ctx) {
    u32 mark = mark_of(ctx);
    if (!(mark & bl_config.mark)) return false;
    set_mark(ctx, mark & ~bl_config.mark);
    return true;
}

// Into a program of slow.bpf.cpp, which returns the tc code and has reported what it did. It comes back only if the
// agent has not filled the slot. What it is to know travels with the packet: it may be of a later object than this one,
// with a scratch of its own.
INLINE int jump(__sk_buff* ctx, abi::Hook hook, abi::Slow slot, u32 notes) {
    set_note(ctx, static_cast<u32>(hook) | notes);
    bpf_tail_call(ctx, &bl_slow, static_cast<u32>(slot));
    set_note(ctx, 0);
    count(abi::Reason::no_config, hook, length_of(ctx));
    return tc_drop;
}

// `notes`: for the slow path.
template <class F>
INLINE int dispatch_ip(__sk_buff* ctx, Place at, u32 notes = 0) {
    Verdict verdict = proceed();
    bool unknown = false;
    u32 bytes = length_of(ctx);
    if (fast<F>(ctx, at, verdict, unknown)) {
        count(reason_of(verdict), at.hook, bytes);
        return action_of(verdict);
    }
    notes |= (unknown ? note_unknown : 0) | (at.own ? note_own : 0);
    return jump(ctx, at.hook, is_v4<F> ? abi::Slow::bl_slow4 : abi::Slow::bl_slow6, notes);
}

// from_netdev has decided, the host's stack has routed: into the container, if it is still there.
template <class F>
INLINE int hand_over(__sk_buff* ctx, abi::Hook hook) {
    Packet<F> p;
    parse<F>(frame(ctx), p);
    End end = {};
    abi::Endpoint row;
    const abi::Hop* hop = nullptr;
    if (find_local<F>(p.key.daddr, end, row) == Found::yes) hop = lookup(bl_hops, end.hop);
    if (!hop || !readdress(ctx, hop)) return dispatch_ip<F>(ctx, {hook, false, false});
    Verdict verdict = send(ctx, hop, abi::Deliver::veth, hook);
    count(reason_of(verdict), hook, length_of(ctx));
    return action_of(verdict);
}

// From another node or the world: perhaps in a tunnel.
template <class F>
INLINE int dispatch_arrival(__sk_buff* ctx, abi::Hook hook) {
    Led<F> led = {};
    bool wrapped = unwrap<F>(ctx, led);
    if (wrapped) send_led(ctx, led);
    return dispatch_ip<F>(ctx, {hook, false, wrapped}, wrapped ? static_cast<u32>(led.port) << note_led : 0);
}

template <class F>
INLINE int dispatch_plain(__sk_buff* ctx, abi::Hook hook) {
    if (hook == abi::Hook::from_netdev) return dispatch_arrival<F>(ctx, hook);
    bool routed = hook == abi::Hook::from_host && bl_config.host_routing && decided_here(ctx);
    return routed ? hand_over<F>(ctx, hook) : dispatch_ip<F>(ctx, {hook, false, false});
}

// Anything but IP.
INLINE int dispatch_other(__sk_buff* ctx, abi::Hook hook) {
    bool container = hook == abi::Hook::from_container;
    if (ctx->protocol == be16(ETH_P_ARP) && hook != abi::Hook::from_netdev && hook != abi::Hook::to_netdev)
        return jump(ctx, hook, abi::Slow::bl_arp, 0);
    abi::Reason reason = container ? abi::Reason::not_ip_container : abi::Reason::not_ip;
    count(reason, hook, length_of(ctx));
    return container ? tc_drop : tc_pass;
}

// A VLAN is another network: its frames belong to its own device, and containers have none.
INLINE int dispatch_tagged(__sk_buff* ctx, abi::Hook hook) {
    bool container = hook == abi::Hook::from_container;
    count(container ? abi::Reason::tagged_container : abi::Reason::tagged, hook, length_of(ctx));
    return container ? tc_drop : tc_pass;
}

// to_netdev, and no hook of ours has marked it: the host's own. Only a service that has backends in the host's network
// makes it worth a look.
INLINE int dispatch_own(__sk_buff* ctx) {
    if (!host_answers()) return tc_pass;
    switch (ctx->protocol) {
        case V4::ethertype:
            return dispatch_ip<V4>(ctx, {abi::Hook::to_netdev, true, false});
        case V6::ethertype:
            return dispatch_ip<V6>(ctx, {abi::Hook::to_netdev, true, false});
    }
    return tc_pass;
}

INLINE int dispatch(__sk_buff* ctx, abi::Hook hook) {
    bool arrives = hook == abi::Hook::from_container || hook == abi::Hook::from_netdev;
    if (arrives && is_tagged(ctx)) return dispatch_tagged(ctx, hook);
    if (hook == abi::Hook::to_netdev) {
        // What is marked is done, unless the host's stack routed it.
        if (!decided_here(ctx)) return dispatch_own(ctx);
        if (!bl_config.host_routing) return tc_pass;
    }
    // A packet that one of our hooks has sent on passes the egress hook of the device as well.
    if (hook == abi::Hook::to_container && decided_here(ctx)) return tc_pass;
    switch (ctx->protocol) {
        case V4::ethertype:
            return dispatch_plain<V4>(ctx, hook);
        case V6::ethertype:
            return dispatch_plain<V6>(ctx, hook);
    }
    return dispatch_other(ctx, hook);
}

}  // namespace beeline
