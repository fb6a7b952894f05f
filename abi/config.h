// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Load-time constants of the datapath (.rodata of the BPF object): the verifier removes branches that a
// configuration does not need. Times are in units of 64 jiffies (jiffies64 >> 6).
#pragma once
#include "abi/types.h"

namespace beeline::abi {

// Whose sockets are translated: all, or as the lowest cgroup says that stands in bl_cgroups (CgroupSockets), and for
// the others …
enum SocketsBy : u8 { sockets_all = 0, sockets_unless = 1, sockets_only = 2 };  // … all are, or none
enum CgroupSockets : u32 { cgroup_left_alone = 0, cgroup_translated = 1 };

struct Config {
    u64 netns_cookie;                   // of the node's network namespace; 0: unknown
    u32 ready;                          // 0: no configuration, everything unknown is dropped
    u32 host_ifindex;                   // beeline_host
    u32 net_ifindex;                    // beeline_net
    u32 mark;                           // the one mark bit that says "decided here"
    Addr4 router4;                      // what containers use as gateway
    Addr4 loopback4;                    // source of a container that is its own backend
    Addr4 service_net4, service_mask4;  // service addresses; mask 0 and net 0: none
    Addr4 pod_net4, pod_mask4;
    Addr6 router6, loopback6;
    Addr6 service_net6, service_mask6;
    Addr6 pod_net6, pod_mask6;
    u8 deliver_peer;              // 1: bpf_redirect_peer works here, 0: bpf_redirect to the veth
    u8 kern_ctx;                  // 1: bpf_cast_to_kern_ctx exists, checksums are written directly
    u8 csum_ipv6;                 // 1: bpf_l4_csum_replace knows BPF_F_IPV6
    u8 host_redirect;             // 1: strict rp_filter; container -> host by ingress of beeline_host
    u8 remote;                    // 1: the node has devices of its own: what is not here leaves by them
    u8 host_routing;              // 1: … by way of the host's routing and netfilter; 0: past them
    u8 masquerade4, masquerade6;  // 1: containers speak to the world with the node's address
    u16 nat_first, nat_last;      // source ports of masqueraded flows, host order, inclusive
    u8 sockets_node;              // 1: only sockets of the node's own network namespace are translated
    u8 sockets_by_cgroup;         // SocketsBy
    u16 nat_pause;                // jiffies a destination is closed to new masqueraded flows after no port was found
    u32 nat_secret[2];            // of the ports' order (RFC 6056, algorithm 4)
    u32 timeout_tcp_syn, timeout_tcp, timeout_tcp_closing;
    u32 timeout_udp, timeout_udp_replied, timeout_icmp;
    u32 close_linger;  // how long a closed pair keeps its tuple
    u32 hurry_linger;  // the same, while bl_hurry says that a flow table is filling
    u16 tunnel_port;   // UDP, host order: of Deliver::tunnel
    u16 pad[3];
};
static_assert(is_wire<Config>);

}  // namespace beeline::abi
