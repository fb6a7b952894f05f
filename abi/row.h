// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Guarded rows. The kernel's hash maps recycle an element at once, while a reader may still hold it: the reader
// would see another key's value, or half of each. Every row of a hash that is rewritten at run time therefore
// begins with `check` and ends with `seal`, both row_check(key); bpf/lib/rows.h reads check, fields, seal, check
// and believes the copy only if all of them agree.
#pragma once
#include "abi/hash.h"

namespace beeline::abi {

template <class Key>
__attribute__((always_inline)) inline u32 row_check(const Key& key) {
    u32 h = mix(key);
    return h == 0 ? 1 : h;
}

// Fill a row's guard; every writer of a guarded map goes through here.
template <class Key, class Row>
__attribute__((always_inline)) inline Row sealed(const Key& key, Row row) {
    row.check = row.seal = row_check(key);
    return row;
}

}  // namespace beeline::abi
