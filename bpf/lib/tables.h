// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The maps of a family: flows<F>() is bl_flows4 or bl_flows6, and so on.
#pragma once
#include "bpf/lib/maps.h"

namespace beeline {

#define BEELINE_TABLE(name, map) \
    template <class F>           \
    INLINE auto& name() {        \
        if constexpr (is_v4<F>)  \
            return map##4;       \
        else                     \
            return map##6;       \
    }
BEELINE_TABLE(flows, bl_flows)
BEELINE_TABLE(young, bl_young)
BEELINE_TABLE(other_slot, bl_other)
BEELINE_TABLE(frontends, bl_frontends)
BEELINE_TABLE(backends, bl_backends)
BEELINE_TABLE(loads, bl_loads)
BEELINE_TABLE(members, bl_members)
BEELINE_TABLE(src_ranges, bl_src_ranges)
BEELINE_TABLE(endpoints, bl_endpoints)
BEELINE_TABLE(identities, bl_identities)
BEELINE_TABLE(origins, bl_origins)
BEELINE_TABLE(unmasked, bl_unmasked)
BEELINE_TABLE(fragments, bl_fragments)
BEELINE_TABLE(sources, bl_sources)
#undef BEELINE_TABLE

// Configuration of a family. bl_config is constant: the verifier knows its values.
template <class T>
INLINE T constant(const volatile T& place) {
    T value;
    __builtin_memcpy(&value, const_cast<const T*>(&place), sizeof value);
    return value;
}
#define BEELINE_CONSTANT(name)                  \
    template <class F>                          \
    INLINE typename F::Addr name() {            \
        if constexpr (is_v4<F>)                 \
            return constant(bl_config.name##4); \
        else                                    \
            return constant(bl_config.name##6); \
    }
BEELINE_CONSTANT(router)
BEELINE_CONSTANT(loopback)
BEELINE_CONSTANT(service_net)
BEELINE_CONSTANT(service_mask)
BEELINE_CONSTANT(pod_net)
BEELINE_CONSTANT(pod_mask)
#undef BEELINE_CONSTANT
template <class F>
INLINE bool masquerades() {
    return is_v4<F> ? bl_config.masquerade4 : bl_config.masquerade6;
}
template <class F>
INLINE bool is_pod(const typename F::Addr& addr) {
    return within(addr, pod_net<F>(), pod_mask<F>());
}

// A source port, or the number of an echo, that masqueraded flows may have.
INLINE bool in_nat_range(u16 port) {
    u32 host = be16(port);
    return host >= bl_config.nat_first && host <= bl_config.nat_last && host != bl_config.tunnel_port;
}

// The node's address towards a next hop; zero: it has none of this family.
INLINE void set_source(abi::Addr4& to, const abi::Hop* hop) {
    to.be = hop->source.be[0];
}
INLINE void set_source(abi::Addr6& to, const abi::Hop* hop) {
    to = hop->source;
}

INLINE Scratch* scratch() {
    u32 zero = 0;
    return lookup(bl_scratch, zero);
}
// `s` is not null. Opaque: else the compiler adds the offset before the caller's check, which the verifier of
// Linux 6.1 refuses.
template <class F>
INLINE Work<F>* work_in(Scratch* s) {
    s = opaque(s);
    if constexpr (is_v4<F>)
        return &s->v4;
    else
        return &s->v6;
}
template <class F>
INLINE Work<F>* work() {
    Scratch* s = scratch();
    return s ? work_in<F>(s) : nullptr;
}

INLINE void count(abi::Reason reason, abi::Hook hook, u32 bytes) {
    u32 index = abi::counter_index(reason, hook);
    if (abi::Counter* c = lookup(bl_counters, index)) {
        c->packets++;
        c->bytes += bytes;
    }
}

// Time of the flow table: units of 64 jiffies.
INLINE u32 now() {
    return static_cast<u32>(bpf_jiffies64() >> 6);
}

}  // namespace beeline
