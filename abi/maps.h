// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Every map, declared once: kind, key, value, size, flags and who writes it. bpf/lib/maps.h declares the maps from
// this list; the agent pins, sizes and prints them from it. Names have at most 15 characters (the kernel keeps no
// more). Layouts belong to `layout_version`, which stands in the pin's path.
#pragma once
#include "abi/config.h"
#include "abi/drop_reason.h"
#include "abi/endpoint.h"
#include "abi/event.h"
#include "abi/flow_age.h"
#include "abi/hook.h"
#include "abi/policy.h"
#include "abi/service.h"

namespace beeline::abi {

constexpr u32 layout_version = 4;

// One cell of bl_counters: index reason * hook_slots + hook.
struct Counter {
    u64 packets, bytes;
};
static_assert(is_wire<Counter> && sizeof(Counter) == 16);
constexpr u32 counter_index(Reason reason, Hook hook) {
    return static_cast<u32>(reason) * hook_slots + static_cast<u32>(hook);
}

// X(name, kind, key, value, default entries, writer)
// kind: Hash (preallocated), LazyHash (memory as it fills; entries is a limit), LruHash, Array (mmap-able),
// LpmTrie (the key begins with its length in bits), PerCpuArray, Queue (key void), RingBuffer (bytes). writer: agent or
// datapath; `rows()` of the agent-written hashes are guarded (abi/row.h).
#define BEELINE_MAPS(X)                                               \
    X(bl_flows4, Hash, FlowKey4, Flow4, 131072, datapath)             \
    X(bl_flows6, Hash, FlowKey6, Flow6, 65536, datapath)              \
    X(bl_young4, LruHash, FlowKey4, Flow4, 32768, datapath)           \
    X(bl_young6, LruHash, FlowKey6, Flow6, 16384, datapath)           \
    X(bl_frontends4, LazyHash, FrontendKey4, Frontend, 4096, agent)   \
    X(bl_frontends6, LazyHash, FrontendKey6, Frontend, 4096, agent)   \
    X(bl_backends4, Array, u32, Backend4, 8192, agent)                \
    X(bl_backends6, Array, u32, Backend6, 8192, agent)                \
    X(bl_loads4, Array, u32, u32, 8192, datapath)                     \
    X(bl_loads6, Array, u32, u32, 8192, datapath)                     \
    X(bl_members4, LazyHash, MemberKey4, Member, 16384, agent)        \
    X(bl_members6, LazyHash, MemberKey6, Member, 16384, agent)        \
    X(bl_places, Array, u32, PlacesRow, 8192, agent)                  \
    X(bl_src_ranges4, LpmTrie, RangeKey4, u32, 16384, agent)          \
    X(bl_src_ranges6, LpmTrie, RangeKey6, u32, 16384, agent)          \
    X(bl_affinity, LruHash, AffinityKey, Affinity, 32768, datapath)   \
    X(bl_ports, Array, u32, u64, 16384, agent)                        \
    X(bl_vips, Array, u32, u64, 1024, agent)                          \
    X(bl_cgroups, LazyHash, u64, u32, 1024, agent)                    \
    X(bl_endpoints4, LazyHash, Addr4, Endpoint, 4096, agent)          \
    X(bl_endpoints6, LazyHash, Addr6, Endpoint, 4096, agent)          \
    X(bl_identities4, LazyHash, Addr4, IdentityRow, 16384, agent)     \
    X(bl_identities6, LazyHash, Addr6, IdentityRow, 16384, agent)     \
    X(bl_policy, LazyHash, PolicyKey, PolicyRow, 32768, agent)        \
    X(bl_hops, Array, u32, Hop, 4096, agent)                          \
    X(bl_nexthops, LazyHash, NexthopKey, Nexthop, 2048, agent)        \
    X(bl_unmasked4, LpmTrie, PrefixKey4, u32, 1024, agent)            \
    X(bl_unmasked6, LpmTrie, PrefixKey6, u32, 1024, agent)            \
    X(bl_sources4, Array, u32, Addr4, 8, agent)                       \
    X(bl_sources6, Array, u32, Addr6, 8, agent)                       \
    X(bl_nat_buckets, Array, u32, NatBucket, 4096, datapath)          \
    X(bl_fragments4, LruHash, FragmentKey4, Fragment, 8192, datapath) \
    X(bl_fragments6, LruHash, FragmentKey6, Fragment, 8192, datapath) \
    X(bl_origins4, LruHash, OriginKey4, Origin4, 16384, datapath)     \
    X(bl_origins6, LruHash, OriginKey6, Origin6, 8192, datapath)

// Maps that the list's columns do not fit: bl_closing (queue of Closing), bl_counters (per-CPU array of Counter,
// reason_slots * hook_slots), bl_events (ring buffer), bl_scratch, bl_neighbours and bl_ways (per-CPU arrays, datapath
// only), bl_slow and bl_first (program arrays, slots of Slow and of First; the agent fills them), bl_candidates (array
// of Candidate: what the agent asks bl_collect() and its answers), bl_crowded (array of u32 like bl_hops, mmap-able as
// bl_candidates), bl_other4 and bl_other6 (room for one flow table: while it grows, the one that the programs before or
// after these use), bl_joined (hash of sockets), bl_joints (storage of sockets) and bl_turns (array of u32), only where
// the shortcut is asked for, and the global arrays bl_epochs (u32[epoch_slots]), bl_tcp_budget (u64), bl_hurry (u32)
// and bl_config (.rodata).
constexpr int entries_of(u32 n) {
    return static_cast<int>(n);
}
constexpr u32 closing_entries = 65536;
constexpr u32 event_bytes = 1u << 20;

static_assert(hop_rows == 4096 && nat_buckets == 4096 && source_rows == 8 && port_rows == 16384 && vip_rows == 1024,
              "as in the list");

}  // namespace beeline::abi
