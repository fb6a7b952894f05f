// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage translate_service: a service address becomes one of its backends.
#pragma once
#include "bpf/lib/frame.h"
#include "bpf/lib/source.h"

namespace beeline {

template <class F>
INLINE typename F::FrontendKey frontend_key(const typename F::Addr& addr, u16 port, u8 proto) {
    typename F::FrontendKey key = {};
    key.addr = addr;
    key.port = port;
    key.proto = proto;
    return key;
}

// State of a backend behind a frontend: 0 if it is none, else abi::MemberState.
template <class F>
INLINE u32 member_state(const typename F::FrontendKey& front, const typename F::Addr& addr, u16 port) {
    typename F::MemberKey key = {};
    key.frontend = front.addr;
    key.backend = addr;
    key.frontend_port = front.port;
    key.backend_port = port;
    key.proto = front.proto;
    abi::Member row;
    return read_row(members<F>(), key, row) == Found::yes ? row.state : 0;
}

// May a connection stay with the backend it has? As long as it is a member; TCP also while the address lives, so
// that a removed backend finishes what it began.
template <class F>
INLINE bool keeps_backend(Work<F>& w, const typename F::FrontendKey& front) {
    if (!w.hint.known || same(w.hint.sent.daddr, front.addr)) return false;
    if (member_state<F>(front, w.hint.sent.daddr, w.hint.sent.dport) != 0) return true;
    if (front.proto != abi::proto_tcp) return false;
    abi::Endpoint local;
    if (read_row(endpoints<F>(), w.hint.sent.daddr, local) == Found::yes) return true;
    abi::IdentityRow remote;
    return read_row(identities<F>(), w.hint.sent.daddr, remote) == Found::yes;
}

// Uniformly random among the backends of the range.
template <class F>
INLINE bool choose_backend(const abi::Frontend& front, typename F::Addr& addr, u16& port) {
    u32 index = front.first + bpf_get_prandom_u32() % front.count;
    auto* backend = lookup(backends<F>(), index);
    if (!backend) return false;
    addr = backend->addr;
    port = backend->port;
    return true;
}

template <class F>
INLINE void set_hairpin(Work<F>& w) {
    if (!same(w.sent.daddr, w.origin.saddr)) return;
    w.sent.saddr = loopback<F>();
    w.hairpin = 1;
}

// The packet in hand is the originator's first: SYN without ACK.
template <class F>
INLINE bool opens(const Work<F>& w) {
    return !w.from_reply && (w.packet.tcp & (abi::tcp_syn | abi::tcp_ack)) == abi::tcp_syn;
}

template <class F>
INLINE Verdict use_backend(Work<F>& w, const typename F::FrontendKey& key, const abi::Frontend& front) {
    w.service = front.service;
    if (keeps_backend<F>(w, key)) {
        w.sent = w.hint.sent;
        w.hairpin = same(w.sent.saddr, loopback<F>());
        return proceed();
    }
    if (front.count == 0) return refuse(abi::Reason::no_backend);
    if (key.proto == abi::proto_tcp && !opens<F>(w))
        return refuse(abi::Reason::no_flow);  // the middle of a connection whose backend is gone or unknown
    if (!choose_backend<F>(front, w.sent.daddr, w.sent.dport)) return drop(abi::Reason::no_backend);
    set_hairpin<F>(w);
    return proceed();
}

template <class F>
INLINE Verdict translate_service(__sk_buff* ctx, Work<F>& w) {
    (void)ctx;
    w.sent = w.origin;
    auto key = frontend_key<F>(w.origin.daddr, w.origin.dport, w.origin.proto);
    abi::Frontend front;
    Found found = read_row(frontends<F>(), key, front);
    if (found == Found::unstable) return drop(abi::Reason::row_unstable);
    if (found == Found::yes) return use_backend<F>(w, key, front);
    if (within(w.origin.daddr, service_net<F>(), service_mask<F>())) return refuse(abi::Reason::no_service);
    if (w.hint.known && same(w.hint.sent.daddr, w.origin.daddr)) w.sent = w.hint.sent;  // a rewritten source port
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(translate_service)
