// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Map declarations as types, and typed access. libbpf reads kind, sizes and flags from the BTF of these structs.
#pragma once
#include "bpf/rt/helpers.h"

namespace beeline {

template <class K, class V, int N>
struct Hash {
    int (*type)[BPF_MAP_TYPE_HASH];
    int (*max_entries)[N];
    K* key;
    V* value;
};
template <class K, class V, int N>
struct LazyHash {
    int (*type)[BPF_MAP_TYPE_HASH];
    int (*max_entries)[N];
    int (*map_flags)[BPF_F_NO_PREALLOC];
    K* key;
    V* value;
};
template <class K, class V, int N>
struct LruHash {
    int (*type)[BPF_MAP_TYPE_LRU_HASH];
    int (*max_entries)[N];
    K* key;
    V* value;
};
template <class K, class V, int N>
struct Array {
    int (*type)[BPF_MAP_TYPE_ARRAY];
    int (*max_entries)[N];
    int (*map_flags)[BPF_F_MMAPABLE];
    K* key;
    V* value;
};
template <class K, class V, int N>
struct PerCpuArray {
    int (*type)[BPF_MAP_TYPE_PERCPU_ARRAY];
    int (*max_entries)[N];
    K* key;
    V* value;
};
template <class K, class V, int N>
struct LpmTrie {
    int (*type)[BPF_MAP_TYPE_LPM_TRIE];
    int (*max_entries)[N];
    int (*map_flags)[BPF_F_NO_PREALLOC];
    K* key;
    V* value;
};
// Of TCP sockets: a value is what they are put in as, of use to nobody.
template <class K, int N>
struct SocketHash {
    int (*type)[BPF_MAP_TYPE_SOCKHASH];
    int (*max_entries)[N];
    K* key;
    u64* value;
};
// A value for each socket that asks for one; goes with it.
template <class V>
struct SocketStorage {
    int (*type)[BPF_MAP_TYPE_SK_STORAGE];
    int (*map_flags)[BPF_F_NO_PREALLOC];
    int* key;
    V* value;
};
template <class V, int N>
struct Queue {
    int (*type)[BPF_MAP_TYPE_QUEUE];
    int (*max_entries)[N];
    V* value;
};
template <int N>
struct ProgramArray {
    int (*type)[BPF_MAP_TYPE_PROG_ARRAY];
    int (*max_entries)[N];
    unsigned* key;
    unsigned* value;
};
// Room for one map that user space puts there. Kind, sizes of key and value and flags are Inner's; entries are its own.
template <class Inner>
struct MapSlot {
    static_assert(sizeof(Inner) != 0);  // a type that nobody completes has no members in BTF
    int (*type)[BPF_MAP_TYPE_ARRAY_OF_MAPS];
    int (*max_entries)[1];
    unsigned* key;
    Inner* values[];
};
template <int N>
struct RingBuffer {
    int (*type)[BPF_MAP_TYPE_RINGBUF];
    int (*max_entries)[N];
};

template <template <class, class, int> class M, class K, class V, int N>
INLINE V* lookup(M<K, V, N>& map, const K& key) {
    return static_cast<V*>(bpf_map_lookup_elem(&map, &key));
}
// Null: there is none.
template <class Inner>
INLINE Inner* map_in(MapSlot<Inner>& slot) {
    u32 zero = 0;
    return static_cast<Inner*>(bpf_map_lookup_elem(&slot, &zero));
}
// flags: BPF_ANY, BPF_NOEXIST, BPF_EXIST. Returns 0 or -errno.
template <template <class, class, int> class M, class K, class V, int N>
INLINE s64 update(M<K, V, N>& map, const K& key, const V& value, u64 flags) {
    return bpf_map_update_elem(&map, &key, &value, flags);
}
template <template <class, class, int> class M, class K, class V, int N>
INLINE s64 remove(M<K, V, N>& map, const K& key) {
    return bpf_map_delete_elem(&map, &key);
}

}  // namespace beeline
