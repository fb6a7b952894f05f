// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The fast path: parse, one lookup, "is the decision current?", act. Everything it cannot settle goes to the slow
// path: no entry, a stale one, packets that open or close a connection.
#pragma once
#include "bpf/lib/act.h"
#include "bpf/lib/epoch.h"

namespace beeline {

constexpr u8 tcp_turning = abi::tcp_syn | abi::tcp_fin | abi::tcp_rst;
constexpr u8 tcp_noted = tcp_turning | abi::tcp_ack;  // flags that Flow::tcp keeps

// Where the packet in hand came in, as Flow::in_if has it. Everything on the host's side is one interface.
INLINE u32 came_by(__sk_buff* ctx, abi::Hook hook) {
    return hook == abi::Hook::from_container ? device_of(ctx) : bl_config.host_ifindex;
}

// The IP header promises more bytes than the frame has.
template <class F>
INLINE bool lies(__sk_buff* ctx, const Packet<F>& p) {
    return static_cast<u32>(p.l4) + p.l4_len > length_of(ctx);
}

// Parse, pulling the headers into the linear part once if they are not.
template <class F>
INLINE Parsed parse_packet(__sk_buff* ctx, Packet<F>& p) {
    Parsed parsed = parse<F>(frame(ctx), p);
    if (parsed == Parsed::truncated && pull_headers(ctx)) parsed = parse<F>(frame(ctx), p);
    return parsed != Parsed::truncated && lies<F>(ctx, p) ? refuse(p, abi::Reason::bad_header) : parsed;
}

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

// True when `verdict` is final; false: ask the slow path. `unknown`: the flow table has no entry.
template <class F>
INLINE bool fast(__sk_buff* ctx, abi::Hook hook, Verdict& verdict, bool& unknown) {
    Packet<F> p;
    if (parse<F>(frame(ctx), p) != Parsed::ok || lies<F>(ctx, p)) return false;
    auto* entry = lookup(flows<F>(), p.key);
    if (!entry) {
        unknown = true;
        return false;
    }
    typename F::Flow copy;
    if (!read_current(entry, p.key, copy)) return false;
    if (copy.in_if != came_by(ctx, hook)) return false;
    if ((p.tcp & tcp_turning) || (copy.tcp & abi::tcp_rst)) return false;
    verdict = act<F>(ctx, p, copy, hook);
    if (step_of(verdict) != Step::done) return false;  // the slow path looks the entry up again, and reports
    account<F>(entry, copy, length_of(ctx), p.tcp);
    return true;
}

}  // namespace beeline
