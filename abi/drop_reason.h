// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Why the datapath did what it did with a packet: the one list. The kernel writes the code; names, counters,
// metrics, `beeline observe` and the docs are expanded from here. Codes are part of the upgrade contract:
// append only, never reuse.
#pragma once
#include "abi/types.h"

namespace beeline::abi {

// X(name, code, text)
#define BEELINE_REASONS(X)                                                                                  \
    /* not drops: what happened to packets that went on, or that Beeline answered itself */                 \
    X(forwarded, 0, "forwarded")                                                                            \
    X(to_stack, 1, "handed to the host's network stack")                                                    \
    X(answered, 2, "answered by the datapath: ARP, neighbour discovery")                                    \
    X(absorbed, 3, "router and multicast control messages that end at the router")                          \
    X(not_ip, 4, "not an IP packet and not ours: left to others")                                           \
    X(tagged, 5, "a frame with a VLAN tag: left to the device of that VLAN")                                \
    X(not_ours, 6, "neither for a container nor from one: left to the host's network stack")                \
    /* besides: of a flow's first packet, which is counted by what became of it as well */                  \
    X(degraded, 7, "no room in the flow table: the flow is kept in the young one, which may forget it")     \
    X(unproved, 8, "many unanswered connections: this one is kept in the young table until it is answered") \
    X(crowded, 9, "the container has its quota of flows: this one is kept in the young table")              \
    /* drops */                                                                                             \
    X(bad_header, 16, "packet too short, or its headers contradict each other")                             \
    X(bad_source, 17, "source address or MAC does not belong to this container")                            \
    X(policy_denied_egress, 18, "no NetworkPolicy rule allows the sender to send this")                     \
    X(policy_denied_ingress, 19, "no NetworkPolicy rule allows the receiver to get this")                   \
    X(no_backend, 20, "the service has no endpoint that is up; the sender was refused")                     \
    X(no_service, 21, "a service address, but no service on this port; the sender was refused")             \
    X(no_endpoint, 22, "an address of this node's pod range that no container has")                         \
    X(no_flow, 23, "a TCP packet in the middle of a connection that is not known here")                     \
    X(tuple_clash, 24, "another flow owns the reply tuple and no free port was found")                      \
    X(flow_table_full, 25, "no room in the flow table nor in the young table")                              \
    X(fragment, 26, "an IP fragment that hides or overlaps its transport header")                           \
    X(ipv6_extension, 27, "IPv6 extension headers: too many, too long, or a source route")                  \
    X(unknown_protocol, 28, "an IP protocol the datapath does not track")                                   \
    X(icmp_type, 29, "an ICMP message that is neither echo nor part of a known flow")                       \
    X(ttl_exceeded, 30, "TTL or hop limit used up; the sender was told")                                    \
    X(too_big, 31, "larger than the next hop's MTU; the sender was told")                                   \
    X(multicast, 32, "multicast or broadcast from a container")                                             \
    X(not_ip_container, 33, "a frame from a container that is neither IP nor ARP")                          \
    X(row_unstable, 34, "a map row changed under the reader three times in a row")                          \
    X(rewrite_failed, 35, "the kernel refused to change or send the packet")                                \
    X(no_route, 36, "no next hop row for this destination")                                                 \
    X(martian, 37, "source or destination that may not be on the wire: loopback, unspecified")              \
    X(no_config, 38, "the datapath has no configuration yet")                                               \
    X(fragment_before_first, 39, "a fragment whose first one, which has the ports, did not come")           \
    X(nat_no_port, 40, "masquerade: no free source port towards this destination")                          \
    X(tagged_container, 41, "a frame with a VLAN tag from a container")                                     \
    X(source_range, 42, "the service serves other clients only: loadBalancerSourceRanges")                  \
    X(no_local_backend, 43, "traffic policy Local, and only other nodes have endpoints of the service")

enum class Reason : u8 {
#define X(name, code, text) name = code,
    BEELINE_REASONS(X)
#undef X
};

constexpr u32 reason_first_drop = 16;
constexpr u32 reason_slots = 64;  // size of the counter rows; codes stay below
constexpr bool is_note(Reason reason) {
    return reason == Reason::degraded || reason == Reason::unproved || reason == Reason::crowded;
}
constexpr bool is_drop(Reason reason) {
    return static_cast<u32>(reason) >= reason_first_drop;
}

// The name as it stands in the list; "unknown" for a code this build does not have.
constexpr const char* reason_name(Reason reason) {
    switch (reason) {
#define X(name, code, text) \
    case Reason::name:      \
        return #name;
        BEELINE_REASONS(X)
#undef X
    }
    return "unknown";
}
constexpr const char* reason_text(Reason reason) {
    switch (reason) {
#define X(name, code, text) \
    case Reason::name:      \
        return text;
        BEELINE_REASONS(X)
#undef X
    }
    return "unknown reason";
}

}  // namespace beeline::abi
