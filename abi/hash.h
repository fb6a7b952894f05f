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

// `h` with all bytes of `value` in it. sizeof(T) is a multiple of 4 and T has no padding.
template <class T>
__attribute__((always_inline)) inline u64 hash_more(u64 h, const T& value) {
    static_assert(is_wire<T> && sizeof(T) % 4 == 0);
    constexpr unsigned words = sizeof(T) / 8;
    const auto* bytes = reinterpret_cast<const u8*>(&value);
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
    for (unsigned i = 0; i < words; i++) {
        u64 w;
        __builtin_memcpy(&w, bytes + i * 8, 8);
        h = (h ^ w) * hash_k0;
        h ^= h >> 29;
    }
    if constexpr (sizeof(T) % 8 != 0) {
        u32 w;
        __builtin_memcpy(&w, bytes + words * 8, 4);
        h = (h ^ w) * hash_k0;
    }
    return h;
}

// Hash of a key.
template <class Key>
__attribute__((always_inline)) inline u32 mix(const Key& key) {
    return hash_finish(hash_more(hash_k0 ^ sizeof(Key), key));
}

}  // namespace beeline::abi
