// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Services: frontend -> a contiguous range of the backend array. The range is written before the frontend is
// switched to it and not reused before a grace period has passed.
#pragma once
#include "abi/row.h"

namespace beeline::abi {

struct FrontendKey4 {
    Addr4 addr;
    u16 port;  // network order
    u8 proto;
    u8 pad;
};
struct FrontendKey6 {
    Addr6 addr;
    u16 port;
    u8 proto;
    u8 pad;
};
static_assert(is_wire<FrontendKey4> && sizeof(FrontendKey4) == 8);
static_assert(is_wire<FrontendKey6> && sizeof(FrontendKey6) == 20);

enum class Algorithm : u8 { random = 0 };

struct Frontend {
    u32 check;
    u32 first;  // index of the first backend
    u16 count;  // 0: refuse
    u8 algorithm;
    u8 flags;
    u32 service;  // name of the service port, model::service_port_id; for events
    u32 affinity_seconds;
};
static_assert(is_wire<Frontend> && sizeof(Frontend) == 20);

// Rows of bl_backends4/6. A row that a frontend points to is never changed.
struct Backend4 {
    Addr4 addr;
    u16 port;  // network order
    u16 flags;
};
struct Backend6 {
    Addr6 addr;
    u16 port;
    u16 flags;
};
static_assert(is_wire<Backend4> && sizeof(Backend4) == 8);
static_assert(is_wire<Backend6> && sizeof(Backend6) == 20);
constexpr u32 backend_rows = 65536;

// "Is this backend still one of that frontend?" without a scan; asked only when a flow is decided again.
struct MemberKey4 {
    Addr4 frontend, backend;
    u16 frontend_port, backend_port;
    u8 proto;
    u8 pad[3];
};
struct MemberKey6 {
    Addr6 frontend, backend;
    u16 frontend_port, backend_port;
    u8 proto;
    u8 pad[3];
};
static_assert(is_wire<MemberKey4> && sizeof(MemberKey4) == 16);
static_assert(is_wire<MemberKey6> && sizeof(MemberKey6) == 40);

enum class MemberState : u32 { active = 1, terminating = 2 };
struct Member {
    u32 check;
    u32 state;
};
static_assert(is_wire<Member> && sizeof(Member) == 8);

// bl_origins4/6: what a socket was translated from and to; written by the socket hooks.
struct OriginKey4 {
    u64 cookie;
    Addr4 addr;
    u16 port;
    u8 proto;
    u8 role;  // OriginRole
};
struct OriginKey6 {
    u64 cookie;
    Addr6 addr;
    u16 port;
    u8 proto;
    u8 role;
    u32 pad;
};
static_assert(is_wire<OriginKey4> && sizeof(OriginKey4) == 16);
static_assert(is_wire<OriginKey6> && sizeof(OriginKey6) == 32);
enum OriginRole : u8 { origin_of_backend = 0, choice_of_frontend = 1 };
struct Origin4 {
    u32 check;
    Addr4 addr;
    u16 port;
    u16 pad;
};
struct Origin6 {
    u32 check;
    Addr6 addr;
    u16 port;
    u16 pad;
};
static_assert(is_wire<Origin4> && is_wire<Origin6>);

}  // namespace beeline::abi
