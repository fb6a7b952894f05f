// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Guarded rows. The kernel's hash maps recycle an element at once, while a reader may still hold it: the reader
// would see another key's value, or halves of two. Every row of a hash that is rewritten at run time therefore begins
// with `check`, a hash of its key and of all that follows; bpf/lib/rows.h copies a row and believes the copy only if it
// has the hash it says. That asks nothing of the order in which the kernel writes and the reader reads.
#pragma once
#include "abi/hash.h"

namespace beeline::abi {

template <class Row>
concept Guarded = requires(Row row) { row.check; };

template <class Key, Guarded Row>
__attribute__((always_inline)) inline u32 row_check(const Key& key, Row row) {
    static_assert(__builtin_offsetof(Row, check) == 0 && sizeof row.check == sizeof(u32));
    row.check = 0;
    return hash_finish(hash_more(hash_more(hash_k0 ^ sizeof(Key), key), row));
}

// The row with its guard; every writer of a guarded map goes through here.
template <class Key, Guarded Row>
__attribute__((always_inline)) inline Row sealed(const Key& key, Row row) {
    row.check = row_check(key, row);
    return row;
}

}  // namespace beeline::abi
