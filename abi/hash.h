// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The two hashes both sides compute: mix() seals a row to its key, and the epoch slots are taken from it.
// Not cryptographic: a collision costs one needless re-decision, never a wrong one.
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

// Hash of all bytes of a key. sizeof(Key) is a multiple of 4 and Key has no padding.
template <class Key>
__attribute__((always_inline)) inline u32 mix(const Key& key) {
    static_assert(is_wire<Key> && sizeof(Key) % 4 == 0);
    constexpr unsigned words = sizeof(Key) / 8;
    u64 h = hash_k0 ^ sizeof(Key);
    const auto* bytes = reinterpret_cast<const u8*>(&key);
#ifdef __clang__
#pragma clang loop unroll(full)
#endif
    for (unsigned i = 0; i < words; i++) {
        u64 w;
        __builtin_memcpy(&w, bytes + i * 8, 8);
        h = (h ^ w) * hash_k0;
        h ^= h >> 29;
    }
    if constexpr (sizeof(Key) % 8 != 0) {
        u32 w;
        __builtin_memcpy(&w, bytes + words * 8, 4);
        h = (h ^ w) * hash_k0;
    }
    return hash_finish(h);
}

}  // namespace beeline::abi
