// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Who has an address that is no local container's: this node, another one, a container there.
#pragma once
#include "bpf/lib/maps.h"
#include "bpf/lib/rows.h"

// Functions of their own: the verifier goes through them once, and not wherever somebody asks.
extern "C" {
SHARED int bl_read_identity4(const beeline::abi::Addr4* addr, beeline::abi::IdentityRow* row) {
    return beeline::read_row_at(bl_identities4, addr, row);
}
SHARED int bl_read_identity6(const beeline::abi::Addr6* addr, beeline::abi::IdentityRow* row) {
    return beeline::read_row_at(bl_identities6, addr, row);
}
}

namespace beeline {
INLINE Found find_identity(const abi::Addr4& addr, abi::IdentityRow& row) {
    return static_cast<Found>(bl_read_identity4(&addr, &row));
}
INLINE Found find_identity(const abi::Addr6& addr, abi::IdentityRow& row) {
    return static_cast<Found>(bl_read_identity6(&addr, &row));
}
}  // namespace beeline
