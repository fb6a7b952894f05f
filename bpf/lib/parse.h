// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Pure header parsing over a byte range: no helper, no map, so that it is tested and fuzzed on the host too.
#pragma once
#include <linux/tcp.h>
#include <linux/udp.h>

#include "abi/drop_reason.h"
#include "bpf/rt/bytes.h"
#include "bpf/rt/family.h"

namespace beeline {

// First eight bytes of ICMP and ICMPv6; <linux/icmp.h> drags in libc headers. `id` and `sequence` are those of an echo,
// the MTU of a "too big" stands in the same four bytes.
struct IcmpHeader {
    unsigned char type, code;
    unsigned short checksum, id, sequence;
};
constexpr unsigned char icmp_echo_reply = 0, icmp_unreachable = 3, icmp_echo = 8, icmp_time_exceeded = 11,
                        icmp_parameter = 12;  // RFC 792
constexpr unsigned char icmp6_first_error = 1, icmp6_last_error = 4, icmp6_echo = 128, icmp6_echo_reply = 129,
                        icmp6_first_control = 130, icmp6_last_control = 137, icmp6_mld2 = 143;  // RFC 4443, 4861, 3810

enum class Parsed : unsigned char {
    ok,
    truncated,   // the headers go on beyond the range: pull more bytes, or the packet lies
    refused,     // Packet::reason says why
    icmp_error,  // an ICMP error; Packet::l4 is its header
    neighbour,   // IPv6 neighbour discovery and group membership
};

template <class F>
struct Packet {
    typename F::Key key;
    unsigned short l4;      // offset of the transport header
    unsigned short l4_len;  // bytes from there to the end of the IP packet
    unsigned char tcp;      // TCP flags byte; 0 for other protocols
    unsigned char ttl;
    unsigned char type;       // ICMP type
    unsigned char l4_header;  // length of the transport header
    abi::Reason reason;       // with Parsed::refused
};

INLINE abi::Addr6 addr6(const in6_addr& a) {
    abi::Addr6 out;
    __builtin_memcpy(&out, &a, sizeof out);
    return out;
}

// ff02::/16: groups of this link.
INLINE bool is_link_group(const abi::Addr6& a) {
    return (a.be[0] & __builtin_bswap32(0xff0f0000u)) == __builtin_bswap32(0xff020000u);
}

template <class F>
INLINE Parsed refuse(Packet<F>& p, abi::Reason reason) {
    p.reason = reason;
    return Parsed::refused;
}

// IP header -> addresses, protocol, where the transport header is and how long it may be.
INLINE Parsed parse_ip(Bytes b, Packet<V4>& p) {
    auto* ip = view<iphdr>(b, sizeof(ethhdr));
    if (!ip) return Parsed::truncated;
    unsigned header = ip->ihl * 4u;
    unsigned total = __builtin_bswap16(ip->tot_len);
    if (ip->version != 4 || header < sizeof(iphdr) || total < header) return refuse(p, abi::Reason::bad_header);
    p.key.saddr.be = ip->saddr;
    p.key.daddr.be = ip->daddr;
    p.key.proto = ip->protocol;
    p.ttl = ip->ttl;
    p.l4 = static_cast<unsigned short>(sizeof(ethhdr) + header);
    p.l4_len = static_cast<unsigned short>(total - header);
    if (ip->frag_off & __builtin_bswap16(0x3fff)) return refuse(p, abi::Reason::fragment);
    return Parsed::ok;
}
INLINE Parsed parse_ip(Bytes b, Packet<V6>& p) {
    auto* ip = view<ipv6hdr>(b, sizeof(ethhdr));
    if (!ip) return Parsed::truncated;
    if (ip->version != 6) return refuse(p, abi::Reason::bad_header);
    p.key.saddr = addr6(ip->saddr);
    p.key.daddr = addr6(ip->daddr);
    p.key.proto = ip->nexthdr;
    p.ttl = ip->hop_limit;
    p.l4 = sizeof(ethhdr) + sizeof(ipv6hdr);
    p.l4_len = __builtin_bswap16(ip->payload_len);
    if (ip->nexthdr == 0 && is_link_group(p.key.daddr)) {  // group membership carries a router alert (RFC 3810)
        p.type = icmp6_mld2;
        return Parsed::neighbour;
    }
    switch (ip->nexthdr) {
        case 44:  // fragment
            return refuse(p, abi::Reason::fragment);
        case 0:
        case 43:
        case 50:
        case 51:
        case 60:
        case 135:
        case 139:
        case 140:
            return refuse(p, abi::Reason::ipv6_extension);
    }
    return Parsed::ok;
}

INLINE bool is_icmp_error(V4, unsigned char type) {
    return type == icmp_unreachable || type == icmp_time_exceeded || type == icmp_parameter;
}
INLINE bool is_icmp_error(V6, unsigned char type) {
    return type >= icmp6_first_error && type <= icmp6_last_error;
}
INLINE bool is_control(V4, unsigned char) {
    return false;
}
INLINE bool is_control(V6, unsigned char type) {
    return (type >= icmp6_first_control && type <= icmp6_last_control) || type == icmp6_mld2;
}

template <class F>
INLINE Parsed parse_icmp(Bytes b, Packet<F>& p) {
    auto* icmp = view<IcmpHeader>(b, p.l4);
    if (!icmp) return Parsed::truncated;
    p.type = icmp->type;
    if (icmp->type == (is_v4<F> ? icmp_echo : icmp6_echo)) {
        p.key.sport = icmp->id;
        return Parsed::ok;
    }
    if (icmp->type == (is_v4<F> ? icmp_echo_reply : icmp6_echo_reply)) {
        p.key.dport = icmp->id;
        return Parsed::ok;
    }
    if (is_icmp_error(F{}, icmp->type)) return Parsed::icmp_error;
    return is_control(F{}, icmp->type) ? Parsed::neighbour : refuse(p, abi::Reason::icmp_type);
}

template <class F>
INLINE Parsed parse_transport(Bytes b, Packet<F>& p) {
    if (p.key.proto == abi::proto_tcp) {
        auto* tcp = view<tcphdr>(b, p.l4);
        if (p.l4_len < sizeof(tcphdr)) return refuse(p, abi::Reason::bad_header);
        if (!tcp) return Parsed::truncated;
        p.key.sport = tcp->source;
        p.key.dport = tcp->dest;
        p.tcp = reinterpret_cast<unsigned char*>(tcp)[13];
        p.l4_header = static_cast<unsigned char>(tcp->doff * 4u);
        if (tcp->doff < 5 || tcp->doff * 4u > p.l4_len) return refuse(p, abi::Reason::bad_header);
        return Parsed::ok;
    }
    p.l4_header = 8;
    if (p.l4_len < 8) return refuse(p, abi::Reason::bad_header);
    if (p.key.proto == abi::proto_udp || p.key.proto == abi::proto_sctp) {
        auto* udp = view<udphdr>(b, p.l4);  // SCTP has its ports in the same place
        if (!udp) return Parsed::truncated;
        p.key.sport = udp->source;
        p.key.dport = udp->dest;
        return Parsed::ok;
    }
    if (p.key.proto == F::icmp) return parse_icmp(b, p);
    return refuse(p, abi::Reason::unknown_protocol);
}

// The whole frame. On ok, key, l4, tcp and ttl are set.
template <class F>
INLINE Parsed parse(Bytes b, Packet<F>& p) {
    p = {};
    Parsed parsed = parse_ip(b, p);
    return parsed == Parsed::ok ? parse_transport(b, p) : parsed;
}

}  // namespace beeline
