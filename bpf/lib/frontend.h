// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Services as packets and sockets meet them: which frontend is it, and which backends may its new flows have?
#pragma once
#include "bpf/lib/known.h"
#include "bpf/lib/ports.h"

namespace beeline {

template <class F>
INLINE typename F::FrontendKey frontend_key(const typename F::Addr& addr, u16 port, u8 proto) {
    typename F::FrontendKey key = {};
    key.addr = addr;
    key.port = port;
    key.proto = proto;
    return key;
}

INLINE bool is_loopback(const abi::Addr4& a) {
    return (be32(a.be) >> 24) == 127;
}
INLINE bool is_loopback(const abi::Addr6& a) {
    return (a.be[0] | a.be[1] | a.be[2]) == 0 && a.be[3] == be32(1);
}

// Does the node answer on node ports at this address? At a loopback address its own sockets ask; no packet has one.
template <class F>
INLINE Found has_node_ports(const typename F::Addr& addr) {
    if (is_loopback(addr)) return Found::yes;
    abi::IdentityRow row = {};
    Found found = find_identity(addr, row);
    return found == Found::yes && !(row.flags & abi::identity_node_port) ? Found::no : found;
}

// What is left of an external address: every port that has no frontend of its own.
template <class F>
INLINE bool is_rest(const typename F::FrontendKey& key) {
    return key.proto == abi::proto_any;
}
}  // namespace beeline

BEELINE_ROW(read_frontend, bl_frontends4, FrontendKey4, Frontend)
BEELINE_ROW(read_frontend, bl_frontends6, FrontendKey6, Frontend)
BEELINE_ROW(read_member, bl_members4, MemberKey4, Member)
BEELINE_ROW(read_member, bl_members6, MemberKey6, Member)

namespace beeline {

// The frontend of this address, port and protocol; `key` becomes the key it was found under.
template <class F>
INLINE Found search_frontend(typename F::FrontendKey& key, abi::Frontend& row) {
    Found found = read_row(frontends<F>(), key, row);
    if (found != Found::no) return found;
    found = port_is(abi::PortUse::node_port, key.port, key.proto) ? has_node_ports<F>(key.addr) : Found::no;
    if (found == Found::unstable) return found;
    if (found == Found::yes) {
        key.addr = {};
    } else {
        if (!may_be_vip(key.addr)) return Found::no;
        key.port = 0;
        key.proto = abi::proto_any;
    }
    return read_frontend(key, row);
}

template <class F>
INLINE int find_row(Request<F>* request) {
    if (!request) return static_cast<int>(Found::no);
    typename F::FrontendKey key = request->key;
    abi::Frontend row;
    Found found = search_frontend<F>(key, row);
    request->key = key;
    request->row = row;
    return static_cast<int>(found);
}
}  // namespace beeline

extern "C" {
SHARED int bl_find_row4(beeline::Request4* request) {
    return beeline::find_row<beeline::V4>(request);
}
SHARED int bl_find_row6(beeline::Request6* request) {
    return beeline::find_row<beeline::V6>(request);
}
}

namespace beeline {

INLINE Found find_frontend(Request4& request) {
    return static_cast<Found>(bl_find_row4(&request));
}
INLINE Found find_frontend(Request6& request) {
    return static_cast<Found>(bl_find_row6(&request));
}

// Is this a backend of the frontend? `uses` is abi::MemberUses.
template <class F>
INLINE bool find_member(const typename F::FrontendKey& front, const typename F::Addr& addr, u16 port, u32& uses) {
    typename F::MemberKey key = {};
    key.frontend = front.addr;
    key.backend = addr;
    key.frontend_port = front.port;
    key.backend_port = port;
    key.proto = front.proto;
    abi::Member row = {};
    bool found = read_member(key, row) == Found::yes;
    uses = row.uses;
    return found;
}

}  // namespace beeline
