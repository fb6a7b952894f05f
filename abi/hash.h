// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The hash both sides compute: it seals rows and stamps to their keys, and the epoch slots are taken from it. Not
// cryptographic: nobody who could choose what is hashed gains by a collision.
#pragma once
#include "abi/types.h"

namespace beeline::abi {

constexpr u64 hash_k0 = 0x9e3779b97f4a7c15ULL;  // 2^64 / golden ratio
constexpr u64 hash_k1 = 0xd6e8feb86659fd93ULL;  // odd, well mixed bits

constexpr u32 hash_finish(u64 h) {
    h ^= h >> 32;
    h *= hash_k1;
    return static_cast<u32>(h >> 32);
}

// Eight bytes of a T, read whole. The type says how they are aligned: what is copied by memcpy is, for BPF, copied byte
// by byte wherever the compiler has lost sight of that.
template <class T>
__attribute__((always_inline)) inline u64 word_at(const T& value, unsigned offset) {
    using Whole [[gnu::may_alias]] = u64;
    using Halves [[gnu::may_alias, gnu::aligned(4)]] = u64;
    const auto* place = reinterpret_cast<const u8*>(&value) + offset;
    if constexpr (alignof(T) % 8 == 0)
        return *reinterpret_cast<const Whole*>(place);
    else
        return *reinterpret_cast<const Halves*>(place);
}
template <class T>
__attribute__((always_inline)) inline u32 half_at(const T& value, unsigned offset) {
    using Half [[gnu::may_alias, gnu::aligned(4)]] = u32;
    return *reinterpret_cast<const Half*>(reinterpret_cast<const u8*>(&value) + offset);
}

// `h` with all bytes of `value` in it. sizeof(T) is a multiple of 4 and T has no padding.
template <class T>
__attribute__((always_inline)) inline u64 hash_more(u64 h, const T& value) {
    static_assert(is_wire<T> && sizeof(T) % 4 == 0 && alignof(T) % 4 == 0);
    constexpr unsigned words = sizeof(T) / 8;
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
    for (unsigned i = 0; i < words; i++) {
        h = (h ^ word_at(value, i * 8)) * hash_k0;
        h ^= h >> 29;
    }
    if constexpr (sizeof(T) % 8 != 0) {
        h = (h ^ half_at(value, words * 8)) * hash_k0;
    }
    return h;
}

// Hash of a key.
template <class Key>
__attribute__((always_inline)) inline u32 mix(const Key& key) {
    return hash_finish(hash_more(hash_k0 ^ sizeof(Key), key));
}

}  // namespace beeline::abi
