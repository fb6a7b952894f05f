// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The fast path: parse, one lookup, "is the decision current?", act. Everything it cannot settle goes to the slow
// path: no entry, a stale one, packets that open or close a connection.
#pragma once
#include "bpf/lib/account.h"
#include "bpf/lib/act.h"
#include "bpf/lib/epoch.h"
#include "bpf/lib/ports.h"

namespace beeline {

// Where the packet in hand came in, as Flow::in_if has it. Everything on the host's side is one interface, and so are
// the node's devices.
INLINE u32 came_by(__sk_buff* ctx, abi::Hook hook) {
    if (hook == abi::Hook::from_netdev) return 0;
    return hook == abi::Hook::from_container ? device_of(ctx) : bl_config.host_ifindex;
}
// A flow of the node's devices also takes what the host's stack hands over: it may come by one that is not watched.
INLINE bool may_enter(u32 in_if, u32 came, abi::Hook hook) {
    return in_if == came || (in_if == 0 && hook != abi::Hook::from_container);
}

// What arrives for others than containers passes without a lookup: of a packet for the node itself only the port tells
// that it may be the answer to a masqueraded flow, or for a service.
template <class F>
INLINE bool concerns(const Packet<F>& p, Parsed parsed) {
    if (is_pod<F>(p.key.daddr)) return true;
    if (parsed == Parsed::ok && p.key.proto != abi::proto_sctp)
        return in_nat_range(p.key.dport) || port_is(abi::PortUse::outside, p.key.dport, p.key.proto) ||
               may_be_vip(p.key.daddr);
    return parsed == Parsed::ok || parsed == Parsed::icmp_error || parsed == Parsed::fragment ||
           parsed == Parsed::extensions;
}

// What a process of the node sends may be the answer of a service, which is to have the service's address.
template <class F>
INLINE bool may_answer(const Packet<F>& p, Parsed parsed) {
    if (parsed == Parsed::ok) return port_is(abi::PortUse::host, p.key.sport, p.key.proto);
    return parsed == Parsed::icmp_error || parsed == Parsed::fragment || parsed == Parsed::extensions;
}

// The IP header promises more bytes than the frame has.
template <class F>
INLINE bool lies(__sk_buff* ctx, const Packet<F>& p) {
    return static_cast<u32>(p.l4) + p.l4_len > length_of(ctx);
}

// On one of the node's devices, and neither for a container nor from one: the host's, unless it is of a flow of ours.
template <class F>
INLINE bool may_be_others(const Work<F>& w) {
    if (w.led.port) return false;
    return w.own || (is_at(w, abi::Hook::from_netdev) && !is_pod<F>(w.packet.key.daddr));
}

// Where a packet is met. `own`: a process of the node sends it, by one of the node's devices. `led`: it has come in a
// tunnel.
struct Place {
    abi::Hook hook;
    bool own, led;
};

// Nothing of ours, as the headers tell.
template <class F>
INLINE bool is_others(const Packet<F>& p, Parsed parsed, Place at) {
    if (parsed == Parsed::truncated || at.led) return false;
    if (at.own) return !may_answer<F>(p, parsed);
    return at.hook == abi::Hook::from_netdev && !concerns<F>(p, parsed);
}

// True when `verdict` is final; false: ask the slow path. `unknown`: the flow table has no entry.
template <class F>
INLINE bool fast(__sk_buff* ctx, Place at, Verdict& verdict, bool& unknown) {
    Packet<F> p;
    Parsed parsed = parse<F>(frame(ctx), p);
    if (is_others<F>(p, parsed, at)) {
        verdict = done(tc_pass, abi::Reason::not_ours);
        return true;
    }
    if (parsed != Parsed::ok || lies<F>(ctx, p)) return false;
    auto* entry = lookup(flows<F>(), p.key);
    if (!entry) {
        unknown = true;
        return false;
    }
    typename F::Flow copy;
    if (!read_current(entry, p.key, copy)) return false;
    bool leaves = at.hook == abi::Hook::to_netdev && !at.own && delivers(copy, abi::Deliver::routed);
    if (!leaves && !may_enter(copy.in_if, came_by(ctx, at.hook), at.hook)) return false;
    if ((p.tcp & tcp_turning) || (copy.tcp & abi::tcp_rst)) return false;
    if (delivers(copy, abi::Deliver::tunnel) && at.hook != abi::Hook::from_netdev) return false;
    verdict = act<F>(ctx, p, copy, at.hook);
    if (step_of(verdict) != Step::done) return false;  // the slow path looks the entry up again, and reports
    if (leaves) return true;                           // counted when it came
    account<F>(entry, copy, length_of(ctx), p.tcp);
    return true;
}

}  // namespace beeline
