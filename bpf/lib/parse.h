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
    fragment,    // of a longer packet; Packet::fragment says which
    extensions,  // IPv6 extension headers: to be walked, off the fast path
};

enum class Part : unsigned char { whole = 0, first, later };

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
    Part fragment;
    unsigned fragment_id;  // as it stands in the packet
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

// `offset`: of the fragment, in units of eight bytes; `proto`: what it is a piece of. One that begins amid the header
// of TCP would overwrite what the first said (RFC 3128).
template <class F>
INLINE Parsed take_fragment(Packet<F>& p, unsigned offset, unsigned char proto) {
    p.fragment = offset == 0 ? Part::first : Part::later;
    if (offset == 1 && proto == abi::proto_tcp) return refuse(p, abi::Reason::fragment);
    return Parsed::fragment;
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
    if (ip->frag_off & __builtin_bswap16(0x3fff)) {
        p.fragment_id = ip->id;
        return take_fragment(p, __builtin_bswap16(ip->frag_off) & 0x1fffu, ip->protocol);
    }
    return Parsed::ok;
}
constexpr unsigned char extension_fragment = 44;
INLINE bool is_extension(unsigned char number) {
    switch (number) {
        case 0:    // hop-by-hop options
        case 43:   // routing
        case 44:   // fragment
        case 51:   // authentication
        case 60:   // destination options
        case 135:  // mobility
        case 139:  // host identity
        case 140:  // shim6
            return true;
    }
    return false;
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
    return is_extension(ip->nexthdr) ? Parsed::extensions : Parsed::ok;
}

// One extension header (RFC 8200): its successor's number and its own length.
struct Extension {
    unsigned char next, length;
    unsigned short word;  // routing: type and segments left; fragment: offset and flags
    unsigned id;          // fragment
};

constexpr unsigned last_l4 = 200;  // offset of a transport header that extension headers leave; act() relies on it

// The header `number` at p.l4: its length in bytes, or 0 if it is not walked.
INLINE unsigned extension_bytes(unsigned char number, const Extension& e) {
    constexpr unsigned char routing = 43, fragment = 44, authentication = 51;
    if (number == fragment) return 8;
    if (number == authentication) return (e.length + 2u) * 4u;
    bool segments_left = number == routing && (__builtin_bswap16(e.word) & 0xff) != 0;
    return segments_left ? 0 : (e.length + 1u) * 8u;
}

// The header at p.l4 if it is an extension: steps behind it, and says `extensions`. Any other answer ends the walk.
INLINE Parsed step_over(Bytes b, Packet<V6>& p) {
    if (!is_extension(p.key.proto)) return p.fragment == Part::first ? Parsed::fragment : Parsed::ok;
    auto* e = view<Extension>(b, p.l4);
    if (!e) return Parsed::truncated;
    unsigned bytes = extension_bytes(p.key.proto, *e);
    if (bytes == 0 || bytes > last_l4 || p.l4 + bytes > last_l4 || bytes > p.l4_len)
        return refuse(p, abi::Reason::ipv6_extension);
    if (p.key.proto == extension_fragment) {
        p.fragment_id = e->id;
        Parsed parsed = take_fragment(p, __builtin_bswap16(e->word) >> 3, e->next);
        if (parsed == Parsed::refused) return parsed;
    }
    p.key.proto = e->next;
    p.l4 = static_cast<unsigned short>(p.l4 + bytes);
    p.l4_len = static_cast<unsigned short>(p.l4_len - bytes);
    return p.fragment == Part::later ? Parsed::fragment : Parsed::extensions;  // what follows it is no header
}

// Up to the transport header, over a bounded number of extension headers: `step` is step_over(). Without a loop: the
// compiler lays it out so that the verifier of Linux 6.1 meets a back-edge that is no jump.
template <class Step>
INLINE Parsed walk_extensions(Packet<V6>& p, Step step) {
    Parsed parsed = step(p);
    if (parsed == Parsed::extensions) parsed = step(p);
    if (parsed == Parsed::extensions) parsed = step(p);
    if (parsed == Parsed::extensions) parsed = step(p);
    if (parsed == Parsed::extensions) parsed = step(p);
    if (parsed == Parsed::extensions) parsed = step(p);
    if (parsed == Parsed::extensions && !is_extension(p.key.proto)) parsed = step(p);
    return parsed == Parsed::extensions ? refuse(p, abi::Reason::ipv6_extension) : parsed;
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

// The whole frame, as the fast path wants it. On ok, key, l4, tcp and ttl are set.
template <class F>
INLINE Parsed parse(Bytes b, Packet<F>& p) {
    p = {};
    Parsed parsed = parse_ip(b, p);
    return parsed == Parsed::ok ? parse_transport(b, p) : parsed;
}

// The same with what is rare: extension headers are walked, a first fragment's transport header is read. `frame` is the
// range, asked for again after the walk: `walk` may be a program's own.
template <class F, class Frame, class Walk>
INLINE Parsed parse_whole(Frame frame, Packet<F>& p, Walk walk) {
    p = {};
    Parsed parsed = parse_ip(frame(), p);
    if (parsed == Parsed::extensions) parsed = walk(p);
    if (parsed == Parsed::fragment && p.fragment == Part::later) return parsed;
    if (parsed != Parsed::ok && parsed != Parsed::fragment) return parsed;
    Parsed transport = parse_transport(frame(), p);
    return transport == Parsed::ok ? parsed : transport;
}
INLINE Parsed walk_extensions(Bytes, Packet<V4>&) {
    return Parsed::ok;
}
INLINE Parsed walk_extensions(Bytes b, Packet<V6>& p) {
    return walk_extensions(p, [b](Packet<V6>& q) { return step_over(b, q); });
}
template <class F>
INLINE Parsed parse_whole(Bytes b, Packet<F>& p) {
    return parse_whole([b] { return b; }, p, [b](Packet<F>& q) { return walk_extensions(b, q); });
}

}  // namespace beeline
