// Bytes of the ring buffer -> a validated event in host byte order.
#pragma once
#include <cstddef>
#include <span>

#include "abi/drop_reason.h"
#include "abi/event.h"
#include "abi/hook.h"
#include "base/addr.h"
#include "base/types.h"

namespace beeline::flow {

struct Event {
    std::uint64_t time_ns = 0;  // CLOCK_MONOTONIC
    Family family = Family::v4;
    Proto proto = Proto::any;
    Addr source, destination;  // as the originator sent them
    Port source_port, destination_port;
    Addr backend;  // meaningful if translated
    Port backend_port;
    IdentityId source_identity, destination_identity;
    Ifindex ifindex;
    RuleId rule;
    std::uint32_t suppressed = 0;
    std::uint16_t length = 0;
    std::uint8_t tcp = 0;  // abi::TcpSeen
    abi::EventKind kind = abi::EventKind::flow;
    abi::Hook hook = abi::Hook::from_container;
    abi::Reason reason = abi::Reason::forwarded;
    bool redecided = false, translated = false, reply = false;
};

// Refuses (invalid) any size but abi::Event's, and kinds, hooks and families that this build does not know. An
// unknown reason is kept: its number still tells a drop from a forward.
Result<Event> decode(std::span<const std::byte> bytes);

}  // namespace beeline::flow
