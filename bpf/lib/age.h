// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Is a pair over, by what both entries say? Functions of their own: the verifier goes through them once, and not for
// each table that the entries may come from.
#pragma once
#include "abi/flow_age.h"
#include "bpf/lib/tables.h"

namespace beeline {
// `twin` may be null: the other entry is not there.
template <class Flow>
INLINE int is_over(const Flow* entry, const Flow* twin, u32 proto) {
    return entry && abi::is_over(abi::flow_age(static_cast<u8>(proto), *entry, twin, now()), bl_config);
}
}  // namespace beeline

extern "C" {
SHARED int bl_is_over4(const beeline::abi::Flow4* entry, const beeline::abi::Flow4* twin, beeline::u32 proto) {
    return beeline::is_over(entry, twin, proto);
}
SHARED int bl_is_over6(const beeline::abi::Flow6* entry, const beeline::abi::Flow6* twin, beeline::u32 proto) {
    return beeline::is_over(entry, twin, proto);
}
}

namespace beeline {
INLINE bool call_is_over(const abi::Flow4& entry, const abi::Flow4* twin, u8 proto) {
    return bl_is_over4(&entry, twin, proto);
}
INLINE bool call_is_over(const abi::Flow6& entry, const abi::Flow6* twin, u8 proto) {
    return bl_is_over6(&entry, twin, proto);
}
}  // namespace beeline
