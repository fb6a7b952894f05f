// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Node ports are services' also towards the node's own processes.
#pragma once
#include "bpf/lib/ports.h"

namespace beeline {

constexpr int bind_allow = 1;
constexpr int bind_deny = 0;  // EPERM

INLINE int guard_bind(bpf_sock_addr* ctx) {
    u16 port = static_cast<u16>(read_once(ctx->user_port));
    u32 proto = read_once(ctx->protocol);
    if (port == 0 || !port_is(abi::PortUse::node_port, port, static_cast<u8>(proto))) return bind_allow;
    return bpf_get_netns_cookie(ctx) == bl_config.netns_cookie ? bind_deny : bind_allow;
}

}  // namespace beeline
