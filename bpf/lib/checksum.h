// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Checksums by difference (RFC 1624). A difference is a folded one's complement sum of (new - old) over 16-bit words
// as they stand in memory; one's complement sums do not care about byte order as long as it is one order.
#pragma once
#include "bpf/rt/helpers.h"

namespace beeline {

INLINE u16 csum_fold(u64 sum) {
    sum = (sum & 0xffffffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum + (sum >> 16));
}
INLINE u16 csum_add(u16 a, u16 b) {
    u32 sum = static_cast<u32>(a) + b;
    return static_cast<u16>(sum + (sum >> 16));
}
INLINE u16 csum_negate(u16 a) {
    return static_cast<u16>(~a);
}

// Unfolded sum of the words of T: 32-bit words add up to the same one's complement sum as 16-bit ones.
template <class T>
INLINE u64 csum_words(const T& value) {
    static_assert(sizeof(T) % 4 == 0);
    u64 sum = 0;
    const auto* words = reinterpret_cast<const u32*>(&value);
#pragma clang loop unroll(full)
    for (unsigned i = 0; i < sizeof(T) / 4; i++)
        sum += words[i];
    return sum;
}
// new - old.
INLINE u16 csum_difference(u64 from, u64 to) {
    return csum_fold(static_cast<u64>(csum_fold(to)) + csum_negate(csum_fold(from)));
}

// The field holds ~sum.
INLINE u16 csum_apply(u16 field, u16 difference) {
    return csum_negate(csum_add(csum_negate(field), difference));
}
// The field holds the sum itself (CHECKSUM_PARTIAL: what the device finishes).
INLINE u16 csum_apply_partial(u16 field, u16 difference) {
    return csum_add(field, difference);
}

}  // namespace beeline
