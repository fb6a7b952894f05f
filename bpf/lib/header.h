// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// IP headers that we write ourselves: of answers, and of tunnels.
#pragma once
#include "bpf/lib/checksum.h"
#include "bpf/rt/family.h"

namespace beeline {

// `payload` in bytes. ip_finish() is to follow, when all that the checksum covers is there.
INLINE void ip_header(iphdr& ip, const abi::Addr4& from, const abi::Addr4& to, u32 payload) {
    __builtin_memset(&ip, 0, sizeof ip);
    ip.version = 4;
    ip.ihl = 5;
    ip.tot_len = be16(static_cast<u16>(sizeof ip + payload));
    ip.frag_off = be16(0x4000);
    ip.ttl = 64;
    ip.saddr = from.be;
    ip.daddr = to.be;
}
INLINE void ip_header(ipv6hdr& ip, const abi::Addr6& from, const abi::Addr6& to, u32 payload) {
    __builtin_memset(&ip, 0, sizeof ip);
    ip.version = 6;
    ip.payload_len = be16(static_cast<u16>(payload));
    ip.hop_limit = 64;
    __builtin_memcpy(&ip.saddr, &from, 16);
    __builtin_memcpy(&ip.daddr, &to, 16);
}
INLINE void ip_finish(iphdr& ip, u8 proto) {
    ip.protocol = proto;
    ip.check = csum_negate(csum_fold(csum_words(ip)));
}
INLINE void ip_finish(ipv6hdr& ip, u8 proto) {
    ip.nexthdr = proto;
}

}  // namespace beeline
