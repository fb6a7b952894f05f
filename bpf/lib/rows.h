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

// One try, as the whole of a function. The key by value: Linux 6.1 wants it to stand in the function's own frame.
// Returns Found.
template <template <class, class, int> class M, class K, class Row, int N>
INLINE int try_row(M<K, Row, N>& map, const K* wanted, Row* out) {
    if (!wanted || !out) return static_cast<int>(Found::no);
    K key = *wanted;
    const Row* row = lookup(map, opaque(&key)[0]);
    if (!row) return static_cast<int>(Found::no);
    return static_cast<int>(copy_guarded(row, key, *out) ? Found::yes : Found::unstable);
}

// Three tries, as read_row().
template <class Once>
INLINE Found settled(Once once) {
#pragma clang loop unroll(disable)
    for (int attempt = 0; attempt < 3; attempt++) {
        Found found = static_cast<Found>(once());
        if (found != Found::unstable) return found;
    }
    return Found::unstable;
}

}  // namespace beeline

// BEELINE_ROW(read, map, Key, Row): `Found read(key, row)` as read_row(map, key, row), but for the verifier: it goes
// through a try once, wherever and however often somebody asks. `row` is to have been set to something before.
#define BEELINE_ROW(read, map, Key, Row)                                                    \
    extern "C" SHARED int map##_try(const beeline::abi::Key* key, beeline::abi::Row* row) { \
        return beeline::try_row(map, key, row);                                             \
    }                                                                                       \
    namespace beeline {                                                                     \
    INLINE Found read(const abi::Key& key, abi::Row& row) {                                 \
        return settled([&] { return map##_try(&key, &row); });                              \
    }                                                                                       \
    }
