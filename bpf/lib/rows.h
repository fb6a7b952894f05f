// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Reading guarded rows (abi/row.h): a copy is believed only if check, seal and check again name the key asked for.
#pragma once
#include "abi/row.h"
#include "bpf/rt/maps.h"

namespace beeline {

enum class Found : u8 { no, yes, unstable };

template <class Row>
INLINE bool copy_guarded(const Row* row, u32 check, Row& out) {
    u32 before = read_once(row->check);
    barrier();
    __builtin_memcpy(&out, row, sizeof(Row));
    barrier();
    u32 seal = read_once(row->seal);
    barrier();
    u32 after = read_once(row->check);
    return before == check && seal == check && after == check;
}

// Three tries: an element is recycled once in millions of reads, three times in a row never.
template <template <class, class, int> class M, class K, class Row, int N>
INLINE Found read_row(M<K, Row, N>& map, const K& key, Row& out) {
    u32 check = abi::row_check(key);
#pragma clang loop unroll(disable)
    for (int attempt = 0; attempt < 3; attempt++) {
        const Row* row = lookup(map, key);
        if (!row) return Found::no;
        if (copy_guarded(row, check, out)) return Found::yes;
    }
    return Found::unstable;
}

}  // namespace beeline
