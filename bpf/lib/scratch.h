// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the slow path has in hand. Two IPv6 entries under construction would be half of the 512-byte stack, so this
// lives in a per-CPU row; tc and XDP programs of one CPU do not nest: both run with bottom halves off.
#pragma once
#include "abi/endpoint.h"
#include "abi/event.h"
#include "abi/hook.h"
#include "bpf/lib/parse.h"
#include "bpf/lib/request.h"
#include "bpf/rt/context.h"

namespace beeline {

// One end of the flow: what is known of its address.
struct End {
    abi::u64 policy;  // of a local container
    abi::u32 identity;
    abi::u32 ifindex;  // of a local container; 0: not local
    abi::u32 hop;      // row that delivers there
    abi::u8 local;     // a container of this node
    abi::u8 node;      // this node itself
    abi::u8 remote;    // reached by one of the node's devices: `hop` says how
    abi::u8 netdev;    // its packets come by one of them
};

// Which of Work's entries act() follows, in their order there.
enum class Use : abi::u8 { forward = 0, reply, old, nothing };

// What an older decision on the same connection chose; kept if it still holds.
template <class F>
struct Hint {
    typename F::Key sent;  // the originator's tuple as it left then
    abi::u8 known;         // 0: no older decision
    abi::u8 pad[7];
};

// The backend that another node has chosen, which has sent the packet here in a tunnel.
template <class F>
struct Led {
    typename F::Addr addr;
    abi::u16 port;  // network order; 0: none has
    abi::u16 pad;
};

// How a sender is told that its packet did not get through.
struct IcmpError {
    abi::u8 type, code;
    abi::u32 mtu;  // packet too big; else 0
};

template <class F>
struct Work {
    Packet<F> packet;
    typename F::Key seen;             // key of the packet in hand
    typename F::Key origin;           // the originator's tuple as it came: equal to `seen`, or its other direction
    typename F::Key sent;             // the originator's tuple as it leaves
    typename F::Key answer;           // key of the reply entry
    typename F::Key twin;             // key of the other entry of the pair in hand
    typename F::Key wanted;           // read_stable(): key of the entry to copy
    typename F::Flow forward, reply;  // entries under construction
    typename F::Flow old;             // copy of the stale entry; forward, reply, old: as Use has them
    Hint<F> hint;
    Led<F> led;
    // For translate_service(), whose stack has no room for it on Linux 6.1. By this name: the kernel refuses the
    // brackets of the other's.
    typename RequestOf<F>::Type request;
    End source, destination;        // of the connection, by who opened it
    typename F::Addr asked, asker;  // find_way(): the way from one to the other; answer(): who tells
    IcmpError error;                // answer(): … and what
    abi::u32 way;                   // … row of bl_hops; 0: the host's stack knows
    abi::u16 slot[4];  // abi::SlotIndex, as read_counters() has read them; the next hop's is an entry's own
    abi::u32 sum;      // counters read so far
    abi::u32 forward_hop_epoch, reply_hop_epoch;
    abi::u32 length;  // of the frame in hand as it came, out of a tunnel
    abi::u32 rule;
    abi::u32 service;    // 0: not translated
    abi::u32 in_if;      // as in Flow::in_if, of the packet in hand
    abi::u8 hook;        // abi::Hook
    abi::u8 from_reply;  // the packet in hand goes the reply's way
    abi::u8 redecided;   // an entry exists and is stale
    abi::u8 young;       // … in the young table
    abi::u8 hairpin;
    abi::u8 table;      // where new entries go: 0 flows, 1 young
    abi::u8 event;      // abi::EventKind of the event to emit
    abi::u8 reason;     // abi::Reason of the event, or of the answer to the sender
    abi::u8 claimed;    // Claimed, how the reply key was got
    abi::u8 use;        // Use
    abi::u8 attempt;    // of claiming the reply key
    abi::u8 rebuild;    // the port changed: build the entries again
    abi::u8 parsed;     // Parsed
    abi::u8 news;       // decided otherwise than before: an event, once the packet is on its way
    abi::u8 unknown;    // the fast path found no entry in the flow table
    abi::u8 nat;        // the originator's address becomes the node's, under a port that is to be claimed
    abi::u8 note;       // abi::Reason counted besides: why a new flow is young
    abi::u8 by_netdev;  // the originator's packets come by one of the node's devices
    abi::u8 late;       // an answer of a backend that was taken out: on its way as before, and nothing is remembered
    abi::u8 direct;     // the service's backends on other nodes answer clients from outside directly
    abi::u8 own;        // the packet in hand is sent by a process of the node, by one of its devices
};

// The entry that act() follows; never with Use::nothing, behind `old` is no entry. By its number: with a jump for each,
// the verifier would go through all that follows for each of them.
template <class F>
INLINE const typename F::Flow& entry_in_use(const Work<F>& w) {
    static_assert(__builtin_offsetof(Work<F>, old) ==
                  __builtin_offsetof(Work<F>, forward) + static_cast<int>(Use::old) * sizeof w.old);
    return opaque(&w.forward)[w.use & 3];
}

// Is this the hook the packet in hand is at? XDP stands before the devices' own.
template <class F>
INLINE bool is_at(const Work<F>& w, abi::Hook hook) {
    if constexpr (in_xdp) return hook == abi::Hook::from_netdev;
    return w.hook == static_cast<abi::u8>(hook);
}

// bl_neighbours: what the kernel said of a next hop at that time; one CPU's own.
struct Neighbour {
    abi::Addr6 next;  // IPv4 in word 0
    abi::u32 ifindex;
    abi::u32 family;   // as sockets have it
    abi::u32 time;     // now() of the answer
    abi::u32 told;     // now() of the last packet that the kernel itself sent to one of this row
    abi::u8 macs[12];  // destination, source, as they stand in the frame
    abi::u8 pad[4];
};
constexpr abi::u32 neighbour_rows = 1024;

// bl_ways: by which hop the kernel's routes led from one address to another at that time; one CPU's own.
struct Way {
    abi::Addr6 to, from;  // IPv4 in word 0
    abi::u32 kind;        // protocol, and above it the family as sockets have it
    abi::u32 routes;      // the global counter, read before the kernel was asked: it moves when routes do
    abi::u32 time;        // now() of the answer
    abi::u32 hop;         // row of bl_hops
};
constexpr abi::u32 way_rows = 256;

// bl_joined: a connection as the socket with this key sees it; its peer has both ends the other way round.
struct Ends {
    abi::Addr6 local, remote;          // IPv4 as ::ffff:a.b.c.d
    abi::u16 local_port, remote_port;  // network order
    abi::u32 pad;
};
// bl_joints: what is to be known of one direction, kept by the socket that sends.
struct Joint {
    abi::u32 unread;  // bytes sent past the stack since the other side has sent something
    abi::u32 heard;   // its counter in bl_turns then
    abi::u32 begun;   // TCP's sequence number as it joined; another one: something has gone by the stack
};
constexpr abi::u32 joined_sockets = 65536;
// bl_turns: messages sent by a direction, by a hash of it.
constexpr abi::u32 turn_rows = 65536;

struct Scratch {
    Work<V4> v4;
    Work<V6> v6;
    abi::u64 budget_generation;  // of bl_tcp_budget, as last seen by this CPU
    abi::u32 budget_left;
    abi::u32 event_tick;  // jiffies64 >> 6 the event budgets below belong to
    abi::u16 events_left[abi::reason_slots];
    abi::u32 events_suppressed[abi::reason_slots];
};

}  // namespace beeline
