// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What port numbers and addresses are to us, without a lookup in a hash.
#pragma once
#include "bpf/lib/tables.h"

namespace beeline {

// `port` in network order.
INLINE bool port_is(abi::PortUse use, u16 port, u8 proto) {
    u16 host = be16(port);
    u32 row = abi::port_row(host);
    const u64* bits = lookup(bl_ports, row);
    return bits && (*bits & abi::port_bit(use, host, proto));
}

// Does a process of the node answer for any service?
INLINE bool host_answers() {
    constexpr u64 any = abi::port_bit(abi::PortUse::host, 0, abi::proto_tcp) |
                        abi::port_bit(abi::PortUse::host, 0, abi::proto_udp) |
                        abi::port_bit(abi::PortUse::host, 0, abi::proto_sctp);
    u32 row = 0;
    const u64* bits = lookup(bl_ports, row);
    return bits && (*bits & any);
}

// An external address of a service, perhaps: the row of its frontend says.
template <class Addr>
INLINE bool may_be_vip(const Addr& addr) {
    u32 place = abi::vip_place(addr), row = place >> 6;
    const u64* bits = lookup(bl_vips, row);
    return bits && (*bits >> (place & 63) & 1);
}

}  // namespace beeline
