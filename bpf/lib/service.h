// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage translate_service: a service address becomes one of its backends.
#pragma once
#include "abi/flow_age.h"
#include "bpf/lib/affinity.h"
#include "bpf/lib/frame.h"
#include "bpf/lib/pair.h"
#include "bpf/lib/source.h"

namespace beeline {

template <class F>
INLINE bool was_translated(const Work<F>& w) {
    return !same(w.hint.sent.daddr, w.origin.daddr) || w.hint.sent.dport != w.origin.dport;
}

// May a connection stay with the backend it has? As long as it is a member; TCP also while the address lives, so
// that a removed backend finishes what it began.
template <class F>
INLINE bool keeps_backend(Work<F>& w, const typename F::FrontendKey& front) {
    u32 uses = 0;
    if (!w.hint.known) return false;
    if (find_member<F>(front, w.hint.sent.daddr, w.hint.sent.dport, uses)) return true;
    if (front.proto != abi::proto_tcp || !was_translated<F>(w)) return false;
    abi::Endpoint local = {};
    if (find_endpoint(w.hint.sent.daddr, local) == Found::yes) return true;
    abi::IdentityRow remote = {};
    return find_identity(w.hint.sent.daddr, remote) == Found::yes;
}

// A datagram's answer that was on its way when its backend was taken out: it goes to who has asked, whose next question
// goes elsewhere.
template <class F>
INLINE bool is_late_answer(const Work<F>& w) {
    if (!w.from_reply || w.origin.proto != abi::proto_udp || !was_translated<F>(w)) return false;
    auto* asked = find_any<F>(w.twin);
    return asked && abi::silence(read_once(asked->last), now()) <= bl_config.close_linger;
}

template <class F>
INLINE void set_hairpin(Work<F>& w) {
    if (w.by_netdev || !same(w.sent.daddr, w.origin.saddr)) return;
    w.sent.saddr = loopback<F>();
    w.hairpin = 1;
}

// The packet in hand is the originator's first: SYN without ACK.
template <class F>
INLINE bool opens(const Work<F>& w) {
    return !w.from_reply && (w.packet.tcp & (abi::tcp_syn | abi::tcp_ack)) == abi::tcp_syn;
}

// loadBalancerSourceRanges: is this client one of those?
template <class F>
INLINE bool is_admitted(const Work<F>& w, const typename F::FrontendKey& key) {
    typename F::RangeKey range = {};
    range.length = (sizeof range - sizeof range.length) * 8;
    range.frontend = key.addr;
    range.port = key.port;
    range.proto = key.proto;
    range.client = w.origin.saddr;
    return lookup(src_ranges<F>(), range) != nullptr;
}

// Clients from outside: may they come at all?
template <class F>
INLINE Verdict admit(const Work<F>& w, const Request<F>& request) {
    if (!w.by_netdev) return proceed();
    if (!(request.row.flags & abi::front_outside)) return refuse(abi::Reason::no_service);
    bool limited = request.row.flags & abi::front_ranges;
    return limited && !is_admitted<F>(w, request.key) ? drop(abi::Reason::source_range) : proceed();
}

// The packet in hand is the middle of a connection whose backend is gone or unknown. Without a trace of it a table
// still names the backend it has, which another node may have led it to.
template <class F>
INLINE bool is_lost(const Work<F>& w, const Request<F>& request) {
    if (request.key.proto != abi::proto_tcp || opens<F>(w)) return false;
    return w.hint.known || request.row.algorithm != static_cast<u8>(abi::Algorithm::maglev);
}

// The same on every node, and never 0. With affinity all flows of a client are one.
template <class F>
INLINE u32 flow_hash(const Work<F>& w, const abi::Frontend& row) {
    return (row.affinity_seconds ? abi::mix(w.origin.saddr) : abi::mix(w.origin)) | 1;
}

template <class F>
INLINE Verdict choose(Work<F>& w, Request<F>& request) {
    const abi::Frontend& row = request.row;
    if ((w.by_netdev ? row.count_outside : row.count) == 0) {
        bool elsewhere = w.by_netdev && (row.flags & abi::front_elsewhere);
        return elsewhere ? drop(abi::Reason::no_local_backend) : refuse(abi::Reason::no_backend);
    }
    if (is_lost<F>(w, request)) return refuse(abi::Reason::no_flow);
    request.hash = flow_hash<F>(w, row);
    set_client<F>(request, w.origin.saddr);
    if (!choose_backend(request)) return drop(abi::Reason::no_backend);
    w.sent.daddr = request.addr;
    w.sent.dport = request.port;
    set_hairpin<F>(w);
    return proceed();
}

template <class F>
INLINE Verdict use_frontend(Work<F>& w, Request<F>& request) {
    if (is_rest<F>(request.key)) return refuse(abi::Reason::no_service);
    w.service = request.row.service;
    w.direct = (request.row.flags & abi::front_direct) != 0;
    STAGE(admit<F>(w, request));
    if (!keeps_backend<F>(w, request.key)) {
        w.late = is_late_answer<F>(w);
        if (!w.late) return choose<F>(w, request);
    }
    w.sent = w.hint.sent;
    w.hairpin = same(w.sent.saddr, loopback<F>());
    return proceed();
}

// Another node has chosen. It may know services that this one does not: its own node ports are nobody else's.
template <class F>
INLINE Verdict use_led(Work<F>& w, Request<F>& request) {
    constexpr u32 unknown = ~0u;
    w.service = find_frontend(request) == Found::yes ? request.row.service : unknown;
    bool kept = w.hint.known && same(w.hint.sent.daddr, w.led.addr);
    if (kept) {
        w.sent = w.hint.sent;
    } else {
        w.sent.daddr = w.led.addr;
        w.sent.dport = w.led.port;
    }
    return proceed();
}
// The answer of a backend here, to a client that another node has led to it: that node may still do so.
template <class F>
INLINE bool answers_led(const Work<F>& w) {
    return w.from_reply && w.by_netdev && w.hint.known && was_translated<F>(w);
}

template <class F>
INLINE Verdict translate_service(Context* ctx, Work<F>& w) {
    (void)ctx;
    w.sent = w.origin;
    Request<F>& request = w.request;
    request = {};
    request.key = frontend_key<F>(w.origin.daddr, w.origin.dport, w.origin.proto);
    request.outside = w.by_netdev;
    if (w.led.port) return use_led<F>(w, request);
    Found found = find_frontend(request);
    if (found == Found::unstable) return drop(abi::Reason::row_unstable);
    if (found == Found::yes) return use_frontend<F>(w, request);
    if (within(w.origin.daddr, service_net<F>(), service_mask<F>())) return refuse(abi::Reason::no_service);
    if (answers_led<F>(w)) {
        w.sent = w.hint.sent;
        return proceed();
    }
    if (w.by_netdev && !is_pod<F>(w.origin.daddr)) return refuse(abi::Reason::no_service);  // it was one
    if (w.hint.known && same(w.hint.sent.daddr, w.origin.daddr)) w.sent = w.hint.sent;      // a rewritten source port
    return proceed();
}

// What has come by one of the node's devices for none of its containers: is it for a service? If not it is the host's.
template <class F>
INLINE Verdict served(Context* ctx, Work<F>& w) {
    (void)ctx;
    Request<F>& request = w.request;
    request = {};
    request.key = frontend_key<F>(w.seen.daddr, w.seen.dport, w.seen.proto);
    Found found = find_frontend(request);
    if (found == Found::unstable) return drop(abi::Reason::row_unstable);
    bool ours = found == Found::yes && (request.row.flags & abi::front_outside);
    return ours ? proceed() : done(tc_pass, abi::Reason::not_ours);
}

}  // namespace beeline
BEELINE_STAGE(translate_service)
