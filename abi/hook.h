// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The attach points, by the names operators meet in bpftool: the one list.
#pragma once
#include "abi/types.h"

namespace beeline::abi {

// X(name, code, direction): direction is what the counters call it, seen from the container or, for the
// host pair, from the host.
#define BEELINE_HOOKS(X)         \
    X(from_container, 0, egress) \
    X(to_container, 1, ingress)  \
    X(from_host, 2, egress)      \
    X(to_host, 3, ingress)       \
    X(from_netdev, 4, ingress)   \
    X(to_netdev, 5, egress)      \
    X(xdp, 6, ingress)

enum class Hook : u8 {
#define X(name, code, direction) name = code,
    BEELINE_HOOKS(X)
#undef X
};
constexpr u32 hook_slots = 8;

// Programs that the hooks jump into, slots of bl_slow: what is not decided by the flow table alone. One copy for all
// hooks, so the kernel verifies and keeps it once. X(program, slot)
#define BEELINE_SLOW(X) \
    X(bl_slow4, 0)      \
    X(bl_slow6, 1)      \
    X(bl_arp, 2)

enum class Slow : u8 {
#define X(program, slot) program = slot,
    BEELINE_SLOW(X)
#undef X
};
constexpr u32 slow_slots = 4;

// The same for bl_xdp, slots of bl_first: the first packets of flows that may leave again as they came.
#define BEELINE_FIRST(X) \
    X(bl_first4, 0)      \
    X(bl_first6, 1)

enum class First : u8 {
#define X(program, slot) program = slot,
    BEELINE_FIRST(X)
#undef X
};
constexpr u32 first_slots = 2;

constexpr const char* hook_name(Hook hook) {
    switch (hook) {
#define X(name, code, direction) \
    case Hook::name:             \
        return #name;
        BEELINE_HOOKS(X)
#undef X
    }
    return "unknown";
}
constexpr const char* hook_direction(Hook hook) {
    switch (hook) {
#define X(name, code, direction) \
    case Hook::name:             \
        return #direction;
        BEELINE_HOOKS(X)
#undef X
    }
    return "unknown";
}

}  // namespace beeline::abi
