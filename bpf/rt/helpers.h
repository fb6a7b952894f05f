// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The kernel helpers the datapath calls, typed. <bpf/bpf_helpers.h> does not compile as C++.
#pragma once
#include <linux/bpf.h>

#include "abi/types.h"
#include "bpf/rt/inline.h"

#define SEC(name) __attribute__((section(name), used))
#define DECLARED_IN(name) __attribute__((section(name)))  // for extern declarations
#define NOINLINE __attribute__((noinline))
#define SHARED __attribute__((noinline, weak))  // of several objects that are linked: one is kept

namespace beeline {
using abi::u16;
using abi::u32;
using abi::u64;
using abi::u8;
using s64 = long long;

// Keeps the compiler from moving memory accesses across; the CPU's order is dealt with by the protocol.
INLINE void barrier() {
    asm volatile("" ::: "memory");
}

// A value the compiler must not reason about: keeps bounds checks the verifier needs.
template <class T>
INLINE T opaque(T value) {
    asm volatile("" : "+r"(value));
    return value;
}
// 1 if any bit is, without a jump: the verifier would go both ways with all that follows.
INLINE u32 is_set(u32 bits) {
    u64 wide = bits;
    return static_cast<u32>(opaque(-wide) >> 63);
}
// One access, not split, not repeated.
template <class T>
INLINE T read_once(const T& place) {
    return *const_cast<const volatile T*>(&place);
}
template <class T>
INLINE void write_once(T& place, T value) {
    *const_cast<volatile T*>(&place) = value;
}

INLINE constexpr u16 be16(u16 host) {
    return __builtin_bswap16(host);
}
INLINE constexpr u32 be32(u32 host) {
    return __builtin_bswap32(host);
}

#define BEELINE_HELPER(id, result, name, ...) static result (*const name)(__VA_ARGS__) = (result(*)(__VA_ARGS__))(id)

BEELINE_HELPER(BPF_FUNC_map_lookup_elem, void*, bpf_map_lookup_elem, void* map, const void* key);
BEELINE_HELPER(BPF_FUNC_map_update_elem, s64, bpf_map_update_elem, void* map, const void* key, const void* value,
               u64 flags);
BEELINE_HELPER(BPF_FUNC_map_delete_elem, s64, bpf_map_delete_elem, void* map, const void* key);
BEELINE_HELPER(BPF_FUNC_map_push_elem, s64, bpf_map_push_elem, void* map, const void* value, u64 flags);
BEELINE_HELPER(BPF_FUNC_map_pop_elem, s64, bpf_map_pop_elem, void* map, void* value);
BEELINE_HELPER(BPF_FUNC_map_peek_elem, s64, bpf_map_peek_elem, void* map, void* value);
BEELINE_HELPER(BPF_FUNC_get_prandom_u32, u32, bpf_get_prandom_u32, void);
BEELINE_HELPER(BPF_FUNC_jiffies64, u64, bpf_jiffies64, void);
BEELINE_HELPER(BPF_FUNC_ktime_get_coarse_ns, u64, bpf_ktime_get_coarse_ns, void);
BEELINE_HELPER(BPF_FUNC_skb_load_bytes, s64, bpf_skb_load_bytes, const void* ctx, u32 offset, void* to, u32 length);
BEELINE_HELPER(BPF_FUNC_skb_store_bytes, s64, bpf_skb_store_bytes, void* ctx, u32 offset, const void* from, u32 length,
               u64 flags);
BEELINE_HELPER(BPF_FUNC_skb_pull_data, s64, bpf_skb_pull_data, void* ctx, u32 length);
BEELINE_HELPER(BPF_FUNC_skb_change_tail, s64, bpf_skb_change_tail, void* ctx, u32 length, u64 flags);
BEELINE_HELPER(BPF_FUNC_skb_adjust_room, s64, bpf_skb_adjust_room, void* ctx, int difference, u32 where, u64 flags);
BEELINE_HELPER(BPF_FUNC_xdp_adjust_head, s64, bpf_xdp_adjust_head, void* ctx, int difference);
BEELINE_HELPER(BPF_FUNC_l3_csum_replace, s64, bpf_l3_csum_replace, void* ctx, u32 offset, u64 from, u64 to, u64 size);
BEELINE_HELPER(BPF_FUNC_l4_csum_replace, s64, bpf_l4_csum_replace, void* ctx, u32 offset, u64 from, u64 to, u64 flags);
BEELINE_HELPER(BPF_FUNC_csum_diff, s64, bpf_csum_diff, const void* from, u32 from_size, const void* to, u32 to_size,
               u32 seed);
BEELINE_HELPER(BPF_FUNC_csum_update, s64, bpf_csum_update, void* ctx, u32 csum);
BEELINE_HELPER(BPF_FUNC_redirect, s64, bpf_redirect, u32 ifindex, u64 flags);
BEELINE_HELPER(BPF_FUNC_redirect_peer, s64, bpf_redirect_peer, u32 ifindex, u64 flags);
BEELINE_HELPER(BPF_FUNC_redirect_neigh, s64, bpf_redirect_neigh, u32 ifindex, bpf_redir_neigh* params, int size,
               u64 flags);
BEELINE_HELPER(BPF_FUNC_fib_lookup, s64, bpf_fib_find, void* ctx, bpf_fib_lookup* params, int size, u32 flags);
BEELINE_HELPER(BPF_FUNC_skc_lookup_tcp, bpf_sock*, bpf_skc_lookup_tcp, void* ctx, bpf_sock_tuple* tuple, u32 size,
               u64 netns, u64 flags);
BEELINE_HELPER(BPF_FUNC_sk_lookup_udp, bpf_sock*, bpf_sk_lookup_udp, void* ctx, bpf_sock_tuple* tuple, u32 size,
               u64 netns, u64 flags);
BEELINE_HELPER(BPF_FUNC_get_netns_cookie, u64, bpf_get_netns_cookie, void* ctx);
BEELINE_HELPER(BPF_FUNC_get_current_ancestor_cgroup_id, u64, bpf_get_current_ancestor_cgroup_id, int level);
BEELINE_HELPER(BPF_FUNC_sk_release, s64, bpf_sk_release, bpf_sock* sock);
BEELINE_HELPER(BPF_FUNC_loop, s64, bpf_loop, u32 times, s64 (*body)(u32 round, void* context), void* context,
               u64 flags);
BEELINE_HELPER(BPF_FUNC_tail_call, s64, bpf_tail_call, void* ctx, void* map, u32 slot);
BEELINE_HELPER(BPF_FUNC_ringbuf_reserve, void*, bpf_ringbuf_reserve, void* ring, u64 size, u64 flags);
BEELINE_HELPER(BPF_FUNC_ringbuf_submit, void, bpf_ringbuf_submit, void* data, u64 flags);
BEELINE_HELPER(BPF_FUNC_ringbuf_query, u64, bpf_ringbuf_query, void* ring, u64 what);
BEELINE_HELPER(BPF_FUNC_get_socket_cookie, u64, bpf_get_socket_cookie, void* ctx);
BEELINE_HELPER(BPF_FUNC_set_retval, s64, bpf_set_retval, int value);
BEELINE_HELPER(BPF_FUNC_sock_hash_update, s64, bpf_sock_hash_update, bpf_sock_ops* ctx, void* map, void* key,
               u64 flags);
BEELINE_HELPER(BPF_FUNC_msg_redirect_hash, s64, bpf_msg_redirect_hash, sk_msg_md* ctx, void* map, void* key, u64 flags);
BEELINE_HELPER(BPF_FUNC_skc_to_tcp_sock, void*, bpf_skc_to_tcp_sock, void* sock);
BEELINE_HELPER(BPF_FUNC_sk_storage_get, void*, bpf_sk_storage_get, void* map, bpf_sock* sock, void* value, u64 flags);
BEELINE_HELPER(BPF_FUNC_seq_write, s64, bpf_seq_write, void* file, const void* data, u32 length);
#undef BEELINE_HELPER

}  // namespace beeline
