// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A question about a service.
#pragma once
#include "bpf/rt/family.h"
#include "bpf/rt/helpers.h"

namespace beeline {

// Who asks for a service, and what there is for it.
struct Request4 {
    abi::FrontendKey4 key;  // of what is asked for; then that of the row
    abi::Frontend row;
    abi::AffinityKey client;
    abi::Addr4 addr;  // the backend
    u16 port;
    u16 outside;  // 1: the client comes by one of the node's devices
    u32 hash;     // of the flow, the same on every node; 0: not known yet
};
struct Request6 {
    abi::FrontendKey6 key;
    abi::Frontend row;
    abi::AffinityKey client;
    abi::Addr6 addr;
    u16 port;
    u16 outside;
    u32 hash;
};
template <class F>
struct RequestOf {
    using Type = Request6;
};
template <>
struct RequestOf<V4> {
    using Type = Request4;
};
template <class F>
using Request = typename RequestOf<F>::Type;

}  // namespace beeline
