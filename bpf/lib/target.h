// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whom a socket call names.
#pragma once
#include "bpf/rt/family.h"
#include "bpf/rt/helpers.h"

namespace beeline {

// ::ffff:a.b.c.d: IPv4, as IPv6 sockets have it.
INLINE bool is_mapped(const abi::Addr6& a) {
    return a.be[0] == 0 && a.be[1] == 0 && a.be[2] == be32(0xffff);
}

// Ports are in network order.
template <class F>
struct Target {
    typename F::Addr addr;
    u16 port;
    u8 proto;
};

}  // namespace beeline
