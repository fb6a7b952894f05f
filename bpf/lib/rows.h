// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reading guarded rows (abi/row.h): a copy is believed only if it is, as a whole, what was sealed for the key asked
// for.
#pragma once
#include "abi/row.h"
#include "bpf/rt/maps.h"

namespace beeline {

enum class Found : u8 { no, yes, unstable };

template <class K, class Row>
INLINE bool copy_guarded(const Row* row, const K& key, Row& out) {
    __builtin_memcpy(&out, row, sizeof(Row));
    barrier();  // what is checked is the copy
    return out.check == abi::row_check(key, out);
}

// Three tries: an element is recycled once in millions of reads, three times in a row never. Where there is no row,
// `out` is zero: the compiler keeps it in registers, and the verifier refuses to see one of them undefined on any path.
template <template <class, class, int> class M, class K, class Row, int N>
INLINE Found read_row(M<K, Row, N>& map, const K& key, Row& out) {
#pragma clang loop unroll(disable)
    for (int attempt = 0; attempt < 3; attempt++) {
        const Row* row = lookup(map, key);
        if (!row) {
            out = {};
            return Found::no;
        }
        if (copy_guarded(row, key, out)) return Found::yes;
    }
    return Found::unstable;
}

// read_row() as the whole of a function that the verifier goes through once. The key by value: Linux 6.1 wants it to
// stand in the function's own frame. Returns Found.
template <template <class, class, int> class M, class K, class Row, int N>
INLINE int read_row_at(M<K, Row, N>& map, const K* wanted, Row* out) {
    if (!wanted || !out) return static_cast<int>(Found::no);
    K key = *wanted;
    return static_cast<int>(read_row(map, opaque(&key)[0], *out));
}

}  // namespace beeline
