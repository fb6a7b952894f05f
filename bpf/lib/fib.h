// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the kernel's routing tables are asked.
#pragma once
#include "bpf/rt/family.h"
#include "bpf/rt/helpers.h"

namespace beeline {

INLINE void put_addresses(bpf_fib_lookup& fib, const abi::Addr4& from, const abi::Addr4& to) {
    fib.ipv4_src = from.be;
    fib.ipv4_dst = to.be;
}
INLINE void put_addresses(bpf_fib_lookup& fib, const abi::Addr6& from, const abi::Addr6& to) {
    __builtin_memcpy(fib.ipv6_src, &from, sizeof from);
    __builtin_memcpy(fib.ipv6_dst, &to, sizeof to);
}

}  // namespace beeline
