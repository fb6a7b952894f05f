// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Whom a socket call names.
#pragma once
#include "bpf/rt/family.h"
#include "bpf/rt/helpers.h"

namespace beeline {

// Ports are in network order.
template <class F>
struct Target {
    typename F::Addr addr;
    u16 port;
    u8 proto;
};

}  // namespace beeline
