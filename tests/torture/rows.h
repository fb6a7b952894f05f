// What writer and readers of the torture test agree on: which words stand in a row of which key.
#pragma once
#include "abi/maps.h"

namespace beeline::torture {

constexpr abi::u32 keys = 64;  // few, so that elements are recycled all the time

// Key number `index`, the same bytes on both sides.
template <class K>
__attribute__((always_inline)) inline K key_of(abi::u32 index) {
    K key = {};
    __builtin_memcpy(&key, &index, sizeof index);
    return key;
}

// A row is right if all words between the guards are one number that belongs to its key.
constexpr bool belongs(abi::u32 word, abi::u32 index) {
    return word % keys == index;
}

struct Tally {
    abi::u64 hits, misses, unstable;
    abi::u64 torn;     // words of two versions in one copy
    abi::u64 foreign;  // another key's words
    abi::u64 saved;    // copies that were torn or foreign, and that the guards refused
};

}  // namespace beeline::torture
