// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Readers for the torture test: the datapath's own way of reading rows, run against a writer on another CPU.
#include "bpf/lib/rows.h"
#include "bpf/lib/epoch.h"
#include "tests/torture/rows.h"

using namespace beeline;

extern "C" {
torture::Tally tally SEC(".data.tally") = {};
}

namespace {

// Words first..last of a copy are one number, which is `word`.
template <class Row>
INLINE bool whole(const Row& row, u32 first, u32 last, u32& word) {
    const auto* words = reinterpret_cast<const u32*>(&row);
    word = words[first];
    bool same = true;
#pragma clang loop unroll(full)
    for (u32 i = first; i < last; i++)
        same &= words[i] == word;
    return same;
}

// Words first..last of a copy against the key's number.
template <class Row>
INLINE void judge(const Row& row, u32 index, u32 first, u32 last) {
    u32 word;
    tally.hits++;
    if (!whole(row, first, last, word))
        tally.torn++;
    else if (!torture::belongs(word, index))
        tally.foreign++;
}

// One read a run: the verifier walks a loop around it for minutes.
template <template <class, class, int> class M, class K, class Row, int N>
INLINE int hammer_guarded(M<K, Row, N>& map) {
    u32 index = bpf_get_prandom_u32() % torture::keys;
    K key = torture::key_of<K>(index);
    Row row;
    Found found = read_row(map, key, row);
    if (found == Found::no) tally.misses++;
    if (found == Found::unstable) tally.unstable++;
    if (found == Found::yes) judge(row, index, 1, sizeof(Row) / 4);
    return 0;
}

template <template <class, class, int> class M, class K, class Flow, int N>
INLINE int hammer_flows(M<K, Flow, N>& map) {
    u32 index = bpf_get_prandom_u32() % torture::keys;
    K key = torture::key_of<K>(index);
    auto* entry = lookup(map, key);
    Flow copy;
    if (!entry)
        tally.misses++;
    else if (!read_current(entry, key, copy))
        tally.unstable++;
    else
        judge(copy, index, 1, sizeof(Flow) / 4);
    return 0;
}

// Long enough for a writer on another CPU to recycle the element in hand some times.
INLINE void dawdle() {
#pragma clang loop unroll(disable)
    for (int i = 0; i < 100; i++)
        bpf_get_prandom_u32();
}

// copy_guarded() of bpf/lib/rows.h by a reader who is held up before and amid the copy.
template <class K, class Row>
INLINE bool copy_slowly(const Row* row, const K& key, Row& out) {
    constexpr u32 half = (sizeof(Row) + 7) / 8 * 4;
    auto* to = reinterpret_cast<unsigned char*>(&out);
    const auto* from = reinterpret_cast<const unsigned char*>(row);
    dawdle();
    __builtin_memcpy(to, from, half);
    dawdle();
    __builtin_memcpy(to + half, from + half, sizeof(Row) - half);
    barrier();
    return out.check == abi::row_check(key, out);
}

template <template <class, class, int> class M, class K, class Row, int N>
INLINE int hammer_slowly(M<K, Row, N>& map) {
    u32 index = bpf_get_prandom_u32() % torture::keys;
    K key = torture::key_of<K>(index);
    const Row* row = lookup(map, key);
    if (!row) return 0;
    Row copy;
    bool believed = copy_slowly(row, key, copy);
    if (believed) {
        judge(copy, index, 1, sizeof(Row) / 4);
        return 0;
    }
    tally.unstable++;
    u32 word;
    if (!whole(copy, 1, sizeof(Row) / 4, word) || !torture::belongs(word, index)) tally.saved++;
    return 0;
}

}  // namespace

#define READER(name, how, map)                      \
    extern "C" SEC("tc") int name(__sk_buff* ctx) { \
        return ctx ? how(map) : 0;                  \
    }
READER(frontends4, hammer_guarded, bl_frontends4)
READER(frontends6, hammer_guarded, bl_frontends6)
READER(members4, hammer_guarded, bl_members4)
READER(members6, hammer_guarded, bl_members6)
READER(endpoints4, hammer_guarded, bl_endpoints4)
READER(endpoints6, hammer_guarded, bl_endpoints6)
READER(identities4, hammer_guarded, bl_identities4)
READER(identities6, hammer_guarded, bl_identities6)
READER(policy, hammer_guarded, bl_policy)
READER(origins4, hammer_guarded, bl_origins4)
READER(origins6, hammer_guarded, bl_origins6)
READER(nexthops, hammer_guarded, bl_nexthops)
READER(fragments4, hammer_guarded, bl_fragments4)
READER(fragments6, hammer_guarded, bl_fragments6)
READER(flows4, hammer_flows, bl_flows4)
READER(flows6, hammer_flows, bl_flows6)
READER(young4, hammer_flows, bl_young4)
READER(young6, hammer_flows, bl_young6)
READER(slow_endpoints4, hammer_slowly, bl_endpoints4)
READER(slow_policy, hammer_slowly, bl_policy)
READER(slow_origins6, hammer_slowly, bl_origins6)
