// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Services: frontend -> a contiguous range of the backend array. The range is written before the frontend is
// switched to it and not reused before a grace period has passed.
#pragma once
#include "abi/hash.h"
#include "abi/row.h"

namespace beeline::abi {

// Address 0: every address of this node that answers on node ports. Port and protocol 0: what is left of an external
// address, whose row refuses.
struct alignas(8) FrontendKey4 {
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

enum class Algorithm : u8 {
    random = 0,
    maglev = 1,             // by a table that is the same on every node: bl_places
    round_robin = 2,        // one after the other: bl_loads of the range's first row counts the turns
    least_connections = 3,  // the one with the fewest, by bl_loads, for its weight
};

// Clients of this node (its containers and processes), and those from outside, who come by one of its devices, may have
// different backends: two ranges, which may overlap.
struct Frontend {
    u32 check;
    u32 first, first_outside;  // index of the first backend
    u16 count, count_outside;  // 0: refuse
    u8 algorithm;
    u8 flags;  // FrontendFlags
    u16 pad;
    u32 service;                 // name of the service port, model::service_port_id; for events
    u32 affinity_seconds;        // since a client's last connection, for which it keeps its backend; 0: not
    u32 table, table_outside;    // first row in bl_places, of each of the two ranges
    u32 places, places_outside;  // of each of these tables; 0: there is none, and all backends weigh the same
};
static_assert(is_wire<Frontend> && sizeof(Frontend) == 44);

// bl_places: a table is `places` numbers of backends, counted from the begin of the range, in rows that follow each
// other. A backend stands in as many places as it weighs: chosen by the flow's hash with Algorithm::maglev, by turns
// with round_robin, at random else.
constexpr u32 places_per_row = 32;
struct PlacesRow {
    u16 backend[places_per_row];
};
static_assert(is_wire<PlacesRow> && sizeof(PlacesRow) == 64);
enum FrontendFlags : u8 {
    front_outside = 1,    // clients from outside are served
    front_elsewhere = 2,  // … by other nodes, this one has no backend of its own: not refused, but dropped
    front_ranges = 4,     // … if bl_src_ranges4/6 has their address
    front_direct = 8,     // … by backends elsewhere that answer them directly (DSR)
};

// Rows of bl_backends4/6. A row that a frontend points to is never changed.
struct Backend4 {
    Addr4 addr;
    u16 port;    // network order
    u16 weight;  // never 0
};
struct Backend6 {
    Addr6 addr;
    u16 port;
    u16 weight;
};
static_assert(is_wire<Backend4> && sizeof(Backend4) == 8);
static_assert(is_wire<Backend6> && sizeof(Backend6) == 20);

// bl_loads4/6, by the index of a backend's row: its connections, as of the collector's last sweep and those made since;
// with Algorithm::round_robin, in the first row of the range, the turns taken.

// "Is this backend still one of that frontend?" without a scan; asked only when a flow is decided again.
struct alignas(8) MemberKey4 {
    Addr4 frontend, backend;
    u16 frontend_port, backend_port;
    u8 proto;
    u8 pad[3];
};
struct alignas(8) MemberKey6 {
    Addr6 frontend, backend;
    u16 frontend_port, backend_port;
    u8 proto;
    u8 pad[3];
};
static_assert(is_wire<MemberKey4> && sizeof(MemberKey4) == 16);
static_assert(is_wire<MemberKey6> && sizeof(MemberKey6) == 40);

// Which new flows may choose it; neither: it keeps the flows it has.
enum MemberUses : u32 { member_inside = 1, member_outside = 2 };
struct Member {
    u32 check;
    u32 uses;
};
static_assert(is_wire<Member> && sizeof(Member) == 8);

// bl_src_ranges4/6: clients from outside that a frontend serves. The row's presence says it. The frontend stands first,
// so `length` is at least its bits.
struct RangeKey4 {
    u32 length;  // bits
    Addr4 frontend;
    u16 port;
    u8 proto;
    u8 pad;
    Addr4 client;
};
struct RangeKey6 {
    u32 length;
    Addr6 frontend;
    u16 port;
    u8 proto;
    u8 pad;
    Addr6 client;
};
static_assert(is_wire<RangeKey4> && is_wire<RangeKey6>);

// bl_affinity: the backend a client had last. `client` is its address (IPv4 in word 0), or of a socket the cookie of
// its network namespace.
struct alignas(8) AffinityKey {
    Addr6 client;
    u32 service;  // as in Frontend
    u8 kind;      // AffinityKind
    u8 pad[3];
};
enum AffinityKind : u8 { affinity_addr4 = 4, affinity_addr6 = 6, affinity_netns4 = 8, affinity_netns6 = 12 };
struct Affinity {
    u32 check;
    u32 last;       // seconds since boot
    Addr6 backend;  // IPv4 in word 0
    u16 port;
    u16 pad;
};
static_assert(is_wire<AffinityKey> && sizeof(AffinityKey) == 24);
static_assert(is_wire<Affinity> && sizeof(Affinity) == 28);

// bl_ports: what a port number is to us, 16 bits each, four ports a row: so that packets that do not concern us need no
// lookup in a hash. Port 0 has the bits of all the others together.
enum class PortUse : u8 {
    outside = 0,    // some frontend of it serves clients from outside
    node_port = 1,  // on every address of the node that answers on node ports
    host = 2,       // a process of the node answers it for a service
};
constexpr u32 port_rows = 65536 / 4;
constexpr u32 port_row(u16 port) {  // host order, as everywhere here
    return port >> 2;
}
// 0 for protocols without ports.
constexpr u64 port_bit(PortUse use, u16 port, u8 proto) {
    u32 which = proto == proto_tcp ? 0 : proto == proto_udp ? 1 : proto == proto_sctp ? 2 : 16;
    return which == 16 ? 0 : u64{1} << (static_cast<u32>(use) * 3 + which + (port & 3) * 16);
}

// bl_vips: external addresses, a bit each by hash. A bit that is set may be another's.
constexpr u32 vip_rows = 1024;
template <class Addr>
__attribute__((always_inline)) inline u32 vip_place(const Addr& addr) {
    return mix(addr) & (vip_rows * 64 - 1);
}

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
