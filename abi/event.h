// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What the datapath tells the agent through the ring buffer bl_events: first packets, changed verdicts, drops.
#pragma once
#include "abi/types.h"

namespace beeline::abi {

enum class EventKind : u8 {
    flow = 1,    // a new flow was decided (verdict forwarded), or decided otherwise than before
    drop = 2,    // a packet was dropped
    answer = 3,  // the datapath answered itself (refused services are drops)
};

enum EventFlags : u8 {
    event_redecided = 1,   // not the first packet: an existing flow met a changed rule
    event_translated = 2,  // backend/backend_port differ from daddr/dport
    event_reply = 4,       // seen on a packet of the reply's direction
};

// Addresses and ports as the originator sent them; IPv4 addresses fill word 0.
struct Event {
    u64 time_ns;  // CLOCK_MONOTONIC (coarse)
    u32 saddr[4], daddr[4], backend[4];
    u16 sport, dport, backend_port;
    u16 length;   // of the packet, capped
    u32 ifindex;  // device the packet was seen on
    u32 src_identity, dst_identity;
    u32 rule;        // 0: no rule decided (not isolated, or nothing matched)
    u32 suppressed;  // events of this reason left out before this one (budget under flood)
    u8 kind, hook, family, proto;
    u8 reason, tcp, flags, pad;
    u32 pad2;
};
static_assert(is_wire<Event> && sizeof(Event) == 96);

}  // namespace beeline::abi
