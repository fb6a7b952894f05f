// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// One of a frontend's backends for a new flow, by the frontend's algorithm and the backends' weights.
#pragma once
#include "bpf/lib/frontend.h"

namespace beeline {

// The backends that are to be chosen from: clients from outside may have others.
struct Choices {
    u32 first, count;   // rows of bl_backends
    u32 table, places;  // first row in bl_places; 0 places: none
};

// Each number of a row stands before its `_outside`. By place: with a jump, the verifier would go through all that
// follows twice.
template <class T>
INLINE T for_side(const T& inside, u32 outside) {
    return opaque(&inside)[is_set(outside)];
}
template <class F>
INLINE Choices choices_for(const Request<F>& request) {
    const abi::Frontend& row = request.row;
    const u32 outside = request.outside;
    return {for_side(row.first, outside), for_side(row.count, outside), for_side(row.table, outside),
            for_side(row.places, outside)};
}

// What the table has in this place.
INLINE u32 number_by_table(const Choices& from, u32 place) {
    u32 index = from.table + place / abi::places_per_row;
    auto* row = lookup(bl_places, index);
    return row ? row->backend[place % abi::places_per_row] : 0;
}

// Counts one more, and tells how many there were.
template <class F>
INLINE u32 count_at(u32 index) {
    auto* load = lookup(loads<F>(), index);
    return load ? __sync_fetch_and_add(load, 1) : 0;
}

// Connections for its weight, with the one that is about to be made. Of at most so many backends that stand in a row
// from a random one on. Two are known to be nearly as good as all of them (Mitzenmacher, 2001).
struct Weighed {
    u64 load;
    u32 index, weight;
};
template <class F>
INLINE int weigh(u32 index, Weighed* best) {
    auto* load = lookup(loads<F>(), index);
    auto* backend = lookup(backends<F>(), index);
    if (!load || !backend || !best) return 0;
    u64 with_one = static_cast<u64>(read_once(*load)) + 1;
    u32 weight = backend->weight;
    if (with_one * best->weight < best->load * weight) *best = {with_one, index, weight};
    return 1;
}

}  // namespace beeline

// Verified once, whatever leads to it.
extern "C" {
SHARED int bl_weigh4(beeline::u32 index, beeline::Weighed* best) {
    return beeline::weigh<beeline::V4>(index, best);
}
SHARED int bl_weigh6(beeline::u32 index, beeline::Weighed* best) {
    return beeline::weigh<beeline::V6>(index, best);
}
}

namespace beeline {

template <class F>
INLINE u32 least_loaded(u32 first, u32 count) {
    constexpr u32 most = 8;
    u32 start = bpf_get_prandom_u32();
    Weighed best = {1ull << 32, first, 1};  // worse than any
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < most && i < count; i++) {
        u32 index = first + (start + i) % count;
        if (!(is_v4<F> ? bl_weigh4(index, &best) : bl_weigh6(index, &best))) break;
    }
    return best.index;
}

}  // namespace beeline

extern "C" {
SHARED beeline::u32 bl_least_loaded4(beeline::u32 first, beeline::u32 count) {
    return beeline::least_loaded<beeline::V4>(first, count);
}
SHARED beeline::u32 bl_least_loaded6(beeline::u32 first, beeline::u32 count) {
    return beeline::least_loaded<beeline::V6>(first, count);
}
}

namespace beeline {

template <class F>
INLINE u32 take_least_loaded(const Choices& from) {
    u32 best = is_v4<F> ? bl_least_loaded4(from.first, from.count) : bl_least_loaded6(from.first, from.count);
    count_at<F>(best);
    return best;
}

// A turn: which of the places is it?
template <class F>
INLINE u32 turn_of(const Request<F>& request, const Choices& from) {
    if (request.row.algorithm == static_cast<u8>(abi::Algorithm::round_robin)) return count_at<F>(from.first);
    bool by_flow = request.row.algorithm == static_cast<u8>(abi::Algorithm::maglev) && request.hash;
    return by_flow ? request.hash : bpf_get_prandom_u32();
}

template <class F>
INLINE u32 choose_index(const Request<F>& request, const Choices& from) {
    if (request.row.algorithm == static_cast<u8>(abi::Algorithm::least_connections)) return take_least_loaded<F>(from);
    u32 turn = turn_of<F>(request, from);
    u32 number = from.places ? number_by_table(from, turn % from.places) : turn;
    return from.first + number % from.count;
}

template <class F>
INLINE bool pick_backend(Request<F>& request) {
    Choices from = choices_for<F>(request);
    if (from.count == 0) return false;
    u32 index = choose_index<F>(request, from);
    auto* backend = lookup(backends<F>(), index);
    if (!backend) return false;
    request.addr = backend->addr;
    request.port = backend->port;
    return true;
}

}  // namespace beeline
