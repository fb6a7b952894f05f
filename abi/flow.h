// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The flow table: one entry a direction, keyed by the packet's own 5-tuple. Layout and protocol are explained in
// docs/datapath/flow-table.md; a change here is a change of `layout_version` (abi/maps.h).
#pragma once
#include "abi/epoch.h"

namespace beeline::abi {

// ICMP echo: a request has sport = id, dport = 0; its reply sport = 0, dport = id.
struct alignas(8) FlowKey4 {
    Addr4 saddr, daddr;
    u16 sport, dport;  // network order
    u8 proto;
    u8 zone;  // 0; later VLAN or cluster
    u16 pad;  // 0: it is hashed
};
struct alignas(8) FlowKey6 {
    Addr6 saddr, daddr;
    u16 sport, dport;
    u8 proto;
    u8 zone;
    u16 pad;
};
static_assert(is_wire<FlowKey4> && sizeof(FlowKey4) == 16);
static_assert(is_wire<FlowKey6> && sizeof(FlowKey6) == 40);

// How act() sends a packet of this flow on.
enum class Deliver : u8 {
    denied = 0,  // tombstone: drop with Flow::reason
    peer = 1,    // bpf_redirect_peer to hop.ifindex: into the container's namespace (from ingress hooks)
    veth = 2,    // bpf_redirect to hop.ifindex with the "decided here" mark (from egress hooks)
    stack = 3,   // pass up the host's stack on the device it came by
    host = 4,    // redirect to ingress of beeline_host (strict rp_filter)
    neigh = 5,   // bpf_redirect_neigh to hop.ifindex: another node or the world
    routed = 6,  // up the host's stack, marked; translated by to_netdev on its way out, by from_netdev on its way in
    tunnel = 7,  // as it came, in UDP (GUE) to the backend that saddr..dport name: another node serves it, and answers
};

enum FlowFlags : u8 {
    flow_reply = 1,      // role: this entry is the reply's direction; unset: the originator's
    flow_nat_src = 2,    // saddr or sport is rewritten
    flow_nat_dst = 4,    // daddr or dport is rewritten
    flow_replied = 8,    // a packet of the other direction was seen (originator's entry)
    flow_closed = 16,    // both FINs or an RST seen: the tuple may be taken over
    flow_audit = 32,     // forwarded although policy denies it
    flow_trace = 64,     // every packet is an event
    flow_hairpin = 128,  // backend and client are one container
};

enum TcpSeen : u8 {  // flags seen in this direction
    tcp_fin = 1,
    tcp_syn = 2,
    tcp_rst = 4,
    tcp_ack = 16,
};

// slot[]: see SlotIndex. saddr..dport: the tuple as it leaves; equal to the key where nothing is translated.
// csum_addr, csum_l4: folded one's complement difference (new - old) of the addresses alone and of addresses
// and ports together, as they stand in memory (RFC 1624).
// last: jiffies64 >> 6, written when it changes. packets, bytes: plain adds, approximate under races.
struct Flow4 {
    u32 stamp;  // flow_stamp(key, flow, sum of counters)
    u32 in_if;  // interface the packet must have come in by; 0: any of the node's devices
    u16 slot[4];
    u32 hop;
    u16 sport, dport;
    Addr4 saddr, daddr;
    u16 csum_addr, csum_l4;
    u8 flags, deliver, tcp, reason;
    u32 src_identity, dst_identity;
    u32 last;
    u32 packets;
    u64 bytes;
};
struct Flow6 {
    u32 stamp;
    u32 in_if;
    u16 slot[4];
    u32 hop;
    u16 sport, dport;
    Addr6 saddr, daddr;
    u16 csum_addr, csum_l4;
    u8 flags, deliver, tcp, reason;
    u32 src_identity, dst_identity;
    u32 last;
    u32 packets;
    u64 bytes;
    u64 spare[2];
};
enum SlotIndex : u8 { slot_source = 0, slot_destination = 1, slot_front = 2, slot_next_hop = 3 };

static_assert(is_wire<Flow4> && sizeof(Flow4) == 64);
static_assert(is_wire<Flow6> && sizeof(Flow6) == 104);
constexpr u32 kernel_element_header = 48;  // struct htab_elem up to the key, Linux 6.x
static_assert(kernel_element_header + sizeof(FlowKey4) + sizeof(Flow4) == 128, "two cache lines");
static_assert(kernel_element_header + sizeof(FlowKey6) + sizeof(Flow6) == 192, "three cache lines");

// The stamp of a decision: of in_if, slot, hop and the rewritten tuple with its differences. Who copies an entry that
// is removed and made anew meanwhile, under equal counters, sees by it that the copy is of neither.
template <class Key, class Flow>
__attribute__((always_inline)) inline u32 flow_stamp(const Key& key, const Flow& flow, u32 counters) {
    constexpr unsigned first = __builtin_offsetof(Flow, slot), end = __builtin_offsetof(Flow, csum_addr);
    static_assert(first % 8 == 0 && end % 8 == 0 && __builtin_offsetof(Flow, csum_l4) == end + 2);
    u64 sum = static_cast<u64>(flow.in_if) + half_at(flow, end);
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
    for (unsigned at = first; at < end; at += 8)
        sum += word_at(flow, at);
    return make_stamp(mix(key) + static_cast<u32>(sum) + static_cast<u32>(sum >> 32), counters);
}

// The other key of a pair: what the answer to a packet that leaves as (saddr, daddr, sport, dport) looks like.
template <class Key, class Flow>
__attribute__((always_inline)) inline Key reply_key(const Key& key, const Flow& flow) {
    Key reply = key;
    reply.saddr = flow.daddr;
    reply.daddr = flow.saddr;
    reply.sport = flow.dport;
    reply.dport = flow.sport;
    return reply;
}

// Next hops: what many flows share. Aligned for who copies both of its MACs at once. A row is never changed under
// readers: a new next hop is a new row.
struct alignas(8) Hop {
    u32 ifindex;  // device the packet leaves by (for containers the host side of the veth); 0: free row
    u16 mtu;
    u16 flags;            // HopFlags
    u8 dmac[6], smac[6];  // as they stand in the frame that leaves; of neighbours the kernel knows them
    Addr6 via;            // gateway, of the family the flags say; IPv4 in word 0
    Addr6 source;         // this node's address towards it, of the traffic's family; zero: none, no masquerade
    u32 tunnel_peer[3];   // later: tunnel address
};
static_assert(is_wire<Hop> && sizeof(Hop) == 64);
enum HopFlags : u16 {
    hop_via4 = 1,
    hop_via6 = 2,
    hop_on_link = 4,  // the next hop is the destination itself
    hop_resolve = 8,  // the kernel looks the next hop up for every packet
};
constexpr u32 hop_rows = 4096;
constexpr u32 hop_none = 0;  // never a valid next hop
constexpr u32 hop_host = 1;  // this node's stack; ifindex = beeline_host

// bl_sources4/6: addresses of the node that masqueraded flows may have; a row of zeros ends the list.
constexpr u32 source_rows = 8;

// bl_nexthops: what bpf_fib_lookup() answers -> row of bl_hops.
struct alignas(8) NexthopKey {
    u32 ifindex;
    u8 family;      // of the traffic: 4 or 6
    u8 via_family;  // of the gateway: 4 or 6; 0: on link; nexthop_resolve: any gateway that has no row of its own
    u16 pad;
    Addr6 via;
};
static_assert(is_wire<NexthopKey> && sizeof(NexthopKey) == 24);
constexpr u8 nexthop_resolve = 255;
struct Nexthop {
    u32 check;
    u32 hop;
};
static_assert(is_wire<Nexthop> && sizeof(Nexthop) == 8);

// bl_unmasked4/6: destinations that see the container's own address. The row's presence says it.
struct PrefixKey4 {
    u32 length;  // bits
    Addr4 addr;
};
struct PrefixKey6 {
    u32 length;
    Addr6 addr;
};
static_assert(is_wire<PrefixKey4> && is_wire<PrefixKey6>);

// bl_nat_buckets: destinations by hash, for the choice of masquerade ports.
struct NatBucket {
    u32 next;    // allocations so far
    u32 closed;  // jiffies (low word) when no port was found; 0: never
};
static_assert(is_wire<NatBucket> && sizeof(NatBucket) == 8);
constexpr u32 nat_buckets = 4096;

// bl_fragments4/6: the ports that only the first fragment of a packet has.
struct alignas(8) FragmentKey4 {
    Addr4 saddr, daddr;
    u32 id;
    u8 proto;
    u8 pad[3];
};
struct alignas(8) FragmentKey6 {
    Addr6 saddr, daddr;
    u32 id;
    u8 proto;
    u8 pad[3];
};
static_assert(is_wire<FragmentKey4> && is_wire<FragmentKey6>);
struct Fragment {
    u32 check;
    u16 sport, dport;
};
static_assert(is_wire<Fragment> && sizeof(Fragment) == 8);

// Closed pairs, oldest first; new flows remove them (bpf/lib/closing.h).
struct Closing {
    u32 when;      // jiffies64 >> 6
    u32 family;    // 4 or 6
    FlowKey6 key;  // originator's key; a v4 key fills its first 16 bytes
};
static_assert(is_wire<Closing> && sizeof(Closing) == 48);

}  // namespace beeline::abi
