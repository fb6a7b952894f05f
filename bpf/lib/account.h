// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a packet leaves in its flow's entry.
#pragma once
#include "bpf/lib/tables.h"

namespace beeline {

constexpr u8 tcp_turning = abi::tcp_syn | abi::tcp_fin | abi::tcp_rst;
constexpr u8 tcp_noted = tcp_turning | abi::tcp_ack;  // flags that Flow::tcp keeps

// Plain adds: approximate when two CPUs carry one direction, and documented so.
template <class F>
INLINE void account(typename F::Flow* entry, const typename F::Flow& copy, u32 bytes, u8 tcp) {
    entry->packets++;
    entry->bytes += bytes;
    u32 time = now();
    if (copy.last != time) write_once(entry->last, time);
    u8 seen = tcp & tcp_noted;
    if (seen & ~copy.tcp) entry->tcp |= seen;
}

}  // namespace beeline
