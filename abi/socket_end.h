// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Connected sockets that are to be ended: what the agent tells bl_iter_udp, which sees every socket of a namespace.
#pragma once
#include "abi/types.h"

namespace beeline::abi {

// bl_doomed: which socket, and whom it must still be connected to: it may have turned to somebody else.
struct DoomedSocket {
    u64 cookie;
    Addr6 peer;  // IPv4 as ::ffff:a.b.c.d, whatever the socket's family
    u16 port;    // network order
    u8 pad[6];
};
static_assert(is_wire<DoomedSocket> && sizeof(DoomedSocket) == 32);

constexpr Addr6 mapped(Addr4 addr) {
    return {{0, 0, __builtin_bswap32(0xffff), addr.be}};
}

}  // namespace beeline::abi
