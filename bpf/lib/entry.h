// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Making the two entries of a flow from what the stages found.
#pragma once
#include "bpf/lib/epoch.h"
#include "bpf/lib/masquerade.h"
#include "bpf/lib/pair.h"
#include "bpf/lib/policy.h"

namespace beeline {

// With `routing: host` a flow passes the host's stack; but not one to a service, whose address the stack would route
// back to Beeline.
template <class F>
INLINE bool is_routed(const Work<F>& w) {
    return bl_config.host_routing && same(w.sent.daddr, w.origin.daddr);
}

// How a packet reaches an end, given the end it comes from.
INLINE abi::Deliver deliver_to(const End& to, const End& from, bool routed) {
    if (to.local) {
        if (from.netdev && routed) return abi::Deliver::routed;
        return (from.local || from.netdev) && bl_config.deliver_peer ? abi::Deliver::peer : abi::Deliver::veth;
    }
    if (to.remote) return from.local && routed ? abi::Deliver::routed : abi::Deliver::neigh;
    return bl_config.host_redirect || from.netdev ? abi::Deliver::host : abi::Deliver::stack;
}

// A client from outside and a process of the node that answers for a service: rewritten where they are met, packets
// stay on their way.
template <class F>
INLINE bool stays_on_device(const Work<F>& w) {
    return w.by_netdev && w.service && w.destination.node;
}
template <class F>
INLINE u8 delivery(const Work<F>& w, const End& to, const End& from) {
    return static_cast<u8>(stays_on_device<F>(w) ? abi::Deliver::stack : deliver_to(to, from, is_routed<F>(w)));
}

INLINE u32 enters_by(const End& end) {
    if (end.netdev) return 0;
    return end.local ? end.ifindex : bl_config.host_ifindex;
}

// Tuple `to` as it leaves, instead of `from` as it came, and the checksum differences between them.
template <class F>
INLINE void set_tuple(typename F::Flow& f, const typename F::Key& from, const typename F::Key& to) {
    f.saddr = to.saddr;
    f.daddr = to.daddr;
    f.sport = to.sport;
    f.dport = to.dport;
    u16 addresses =
        csum_difference(csum_words(from.saddr) + csum_words(from.daddr), csum_words(to.saddr) + csum_words(to.daddr));
    u16 ports = csum_difference(static_cast<u64>(from.sport) + from.dport, static_cast<u64>(to.sport) + to.dport);
    f.csum_addr = addresses;
    // ICMP for IPv4 sums no addresses.
    f.csum_l4 = is_v4<F> && from.proto == abi::proto_icmp ? ports : csum_add(addresses, ports);
    u32 source = difference(from.saddr, to.saddr) | (from.sport ^ to.sport);
    u32 destination = difference(from.daddr, to.daddr) | (from.dport ^ to.dport);
    f.flags = static_cast<u8>(is_set(source) * abi::flow_nat_src | is_set(destination) * abi::flow_nat_dst);
}

template <class F>
INLINE typename F::Key mirrored(const typename F::Key& key) {
    typename F::Key other = key;
    other.saddr = key.daddr;
    other.daddr = key.saddr;
    other.sport = key.dport;
    other.dport = key.sport;
    return other;
}

// Fields both entries share.
template <class F>
INLINE void set_common(typename F::Flow& f, const Work<F>& w) {
    __builtin_memcpy(f.slot, w.slot, sizeof f.slot);
    f.src_identity = w.source.identity;
    f.dst_identity = w.destination.identity;
    f.last = now();
    f.reason = 0;
    f.tcp = 0;
    f.packets = 0;
    f.bytes = 0;
}

// The originator's entry. Its stamp uses counters read before the lookups they guard.
template <class F>
INLINE void build_forward(Work<F>& w) {
    typename F::Flow& f = w.forward;
    set_common<F>(f, w);
    if constexpr (!in_xdp) {  // where whoever sends the packet in hand counts it
        f.packets = 1;
        f.bytes = w.length;
        f.tcp = w.packet.tcp & tcp_noted;
    }
    set_tuple<F>(f, w.origin, w.sent);
    f.in_if = enters_by(w.source);
    f.hop = w.destination.hop;
    f.deliver = is_direct<F>(w) ? static_cast<u8>(abi::Deliver::tunnel) : delivery<F>(w, w.destination, w.source);
    f.flags |= w.hairpin ? abi::flow_hairpin : 0;
    f.slot[abi::slot_next_hop] = abi::slot_hop(f.hop);
    f.stamp = abi::flow_stamp(w.origin, f, w.sum + w.forward_hop_epoch);
}

// The answer's entry: what comes back is given the addresses the originator spoke to.
template <class F>
INLINE void build_reply(Work<F>& w) {
    typename F::Flow& f = w.reply;
    w.answer = mirrored<F>(w.sent);
    w.twin = mirrored<F>(w.origin);
    set_common<F>(f, w);
    set_tuple<F>(f, w.answer, w.twin);
    f.in_if = enters_by(w.destination);
    f.hop = w.source.hop;
    f.deliver = delivery<F>(w, w.source, w.destination);
    f.flags |= static_cast<u8>(abi::flow_reply | (w.hairpin ? abi::flow_hairpin : 0));
    f.slot[abi::slot_next_hop] = abi::slot_hop(f.hop);
    f.stamp = abi::flow_stamp(w.answer, f, w.sum + w.reply_hop_epoch);
}

template <class F>
INLINE Verdict build_entries(Context* ctx, Work<F>& w) {
    (void)ctx;
    build_forward<F>(w);
    build_reply<F>(w);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(build_entries)

namespace beeline {

// A decision that cuts a live connection stays in the table, so that neither end can begin it anew.
template <class F>
INLINE void bury(Work<F>& w, abi::Reason reason) {
    w.forward.deliver = w.reply.deliver = static_cast<u8>(abi::Deliver::denied);
    w.forward.reason = w.reply.reason = static_cast<u8>(reason);
}

}  // namespace beeline
