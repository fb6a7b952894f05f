// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Session affinity: a client keeps its backend, for new connections too, until it has made none for a while.
#pragma once
#include "bpf/lib/choose.h"

BEELINE_ROW(read_affinity, bl_affinity, AffinityKey, Affinity)

namespace beeline {

INLINE u32 seconds_now() {
    return static_cast<u32>(bpf_ktime_get_coarse_ns() / 1000000000u);
}

INLINE void take_addr(abi::Addr4& to, const abi::Addr6& from) {
    to.be = from.be[0];
}
INLINE void take_addr(abi::Addr6& to, const abi::Addr6& from) {
    to = from;
}

template <class F>
INLINE void set_client(Request<F>& request, const typename F::Addr& addr) {
    request.client = {};
    put_addr(request.client.client, addr);
    request.client.service = request.row.service;
    request.client.kind = is_v4<F> ? abi::affinity_addr4 : abi::affinity_addr6;
}
// A socket that is about to connect has no address yet: all of its network namespace are one client.
template <class F>
INLINE void set_client(Request<F>& request, u64 netns) {
    request.client = {};
    request.client.client.be[0] = static_cast<u32>(netns);
    request.client.client.be[1] = static_cast<u32>(netns >> 32);
    request.client.service = request.row.service;
    request.client.kind = is_v4<F> ? abi::affinity_netns4 : abi::affinity_netns6;
}

// The backend the client had, if it is one that new flows of this client may choose.
template <class F>
INLINE bool recall_backend(Request<F>& request) {
    abi::Affinity last = {};
    if (read_affinity(request.client, last) != Found::yes) return false;
    if (seconds_now() - last.last > request.row.affinity_seconds) return false;
    typename F::Addr backend;
    take_addr(backend, last.backend);
    u32 uses = 0, wanted = request.outside ? abi::member_outside : abi::member_inside;
    if (!find_member<F>(request.key, backend, last.port, uses) || !(uses & wanted)) return false;
    request.addr = backend;
    request.port = last.port;
    return true;
}

template <class F>
INLINE void keep_backend(const Request<F>& request) {
    abi::AffinityKey client = request.client;
    abi::Affinity row = {};
    put_addr(row.backend, request.addr);
    row.port = request.port;
    row.last = seconds_now();
    update(bl_affinity, client, abi::sealed(client, row), BPF_ANY);
}

template <class F>
INLINE int choose_row(Request<F>* request) {
    if (!request) return 0;
    bool lasting = request->row.affinity_seconds != 0;
    bool known = lasting && recall_backend<F>(*request);
    if (!known && !pick_backend<F>(*request)) return 0;
    if (lasting) keep_backend<F>(*request);
    return 1;
}
}  // namespace beeline

extern "C" {
SHARED int bl_choose_row4(beeline::Request4* request) {
    return beeline::choose_row<beeline::V4>(request);
}
SHARED int bl_choose_row6(beeline::Request6* request) {
    return beeline::choose_row<beeline::V6>(request);
}
}

namespace beeline {

// A backend for a new flow, in request.addr and port. False: there is none.
INLINE bool choose_backend(Request4& request) {
    return bl_choose_row4(&request);
}
INLINE bool choose_backend(Request6& request) {
    return bl_choose_row6(&request);
}

}  // namespace beeline
