// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// IPv4 and IPv6 as types: what differs between them stands here, once.
#pragma once
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>

#include "abi/flow.h"
#include "abi/service.h"
#include "bpf/rt/inline.h"

namespace beeline {

// 0 if both are equal.
INLINE unsigned difference(const abi::Addr4& a, const abi::Addr4& b) {
    return a.be ^ b.be;
}
INLINE unsigned difference(const abi::Addr6& a, const abi::Addr6& b) {
    return (a.be[0] ^ b.be[0]) | (a.be[1] ^ b.be[1]) | (a.be[2] ^ b.be[2]) | (a.be[3] ^ b.be[3]);
}
template <class Addr>
INLINE bool same(const Addr& a, const Addr& b) {
    return difference(a, b) == 0;
}
// An address of either family where there is room for IPv6: IPv4 in word 0.
INLINE void put_addr(abi::Addr6& to, const abi::Addr4& from) {
    to = {{from.be, 0, 0, 0}};
}
INLINE void put_addr(abi::Addr6& to, const abi::Addr6& from) {
    to = from;
}
INLINE bool within(const abi::Addr4& a, const abi::Addr4& net, const abi::Addr4& mask) {
    return mask.be != 0 && ((a.be ^ net.be) & mask.be) == 0;
}
INLINE bool within(const abi::Addr6& a, const abi::Addr6& net, const abi::Addr6& mask) {
    return mask.be[0] != 0 && (((a.be[0] ^ net.be[0]) & mask.be[0]) | ((a.be[1] ^ net.be[1]) & mask.be[1]) |
                               ((a.be[2] ^ net.be[2]) & mask.be[2]) | ((a.be[3] ^ net.be[3]) & mask.be[3])) == 0;
}

struct V4 {
    using Header = iphdr;
    using Addr = abi::Addr4;
    using Key = abi::FlowKey4;
    using Flow = abi::Flow4;
    using FrontendKey = abi::FrontendKey4;
    using Backend = abi::Backend4;
    using MemberKey = abi::MemberKey4;
    using RangeKey = abi::RangeKey4;
    using OriginKey = abi::OriginKey4;
    using Origin = abi::Origin4;
    using PrefixKey = abi::PrefixKey4;
    using FragmentKey = abi::FragmentKey4;
    static constexpr unsigned number = 4;
    static constexpr unsigned char socket_family = 2;  // AF_INET
    static constexpr unsigned short ethertype = __builtin_bswap16(ETH_P_IP);
    static constexpr unsigned char icmp = abi::proto_icmp;
};
struct V6 {
    using Header = ipv6hdr;
    using Addr = abi::Addr6;
    using Key = abi::FlowKey6;
    using Flow = abi::Flow6;
    using FrontendKey = abi::FrontendKey6;
    using Backend = abi::Backend6;
    using MemberKey = abi::MemberKey6;
    using RangeKey = abi::RangeKey6;
    using OriginKey = abi::OriginKey6;
    using Origin = abi::Origin6;
    using PrefixKey = abi::PrefixKey6;
    using FragmentKey = abi::FragmentKey6;
    static constexpr unsigned number = 6;
    static constexpr unsigned char socket_family = 10;  // AF_INET6
    static constexpr unsigned short ethertype = __builtin_bswap16(ETH_P_IPV6);
    static constexpr unsigned char icmp = abi::proto_icmp6;
};
template <class F>
constexpr bool is_v4 = __is_same(F, V4);

}  // namespace beeline
