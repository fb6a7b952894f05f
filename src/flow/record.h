// A flow decision with names, as people read it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "flow/decode.h"
#include "model/meta.h"

namespace beeline::flow {

struct Pod {
    model::Name name;
    model::Labels labels;
};
using PodPtr = std::shared_ptr<const Pod>;

struct Peer {
    Addr addr;
    Port port;  // 0: the protocol has none
    IdentityId identity;
    PodPtr pod;        // null: no pod we know
    std::string name;  // "default/web-1", "host", "world", "unmanaged", "identity 300"
};

// What the client asked for, where that is not what answers.
struct AskedService {
    std::string name;  // "default/web:http"; empty: no such service
    Addr addr;
    Port port;
};

struct FlowRecord {
    std::int64_t time_ns = 0;  // Unix time
    Family family = Family::v4;
    Proto proto = Proto::any;
    abi::EventKind kind = abi::EventKind::flow;
    abi::Reason reason = abi::Reason::forwarded;
    abi::Hook hook = abi::Hook::from_container;
    Peer source{}, destination{};  // destination: after translation
    std::optional<AskedService> service{};
    RuleId rule{};
    std::string rule_text{};  // "NetworkPolicy default/allow-client ingress[0]"; empty: no policy had a say
    std::uint32_t suppressed = 0;
    Ifindex ifindex{};
    std::uint16_t length = 0;
    std::uint8_t tcp = 0;
    bool redecided = false, reply = false;

    bool dropped() const { return abi::is_drop(reason); }
};
using RecordPtr = std::shared_ptr<const FlowRecord>;

// Absent members match everything.
struct RecordFilter {
    std::optional<bool> dropped{};
    std::optional<model::Name> pod{};  // either side
    std::optional<Port> port{};        // either side, or the service's
    bool matches(const FlowRecord& record) const;
};

// "2025-11-22T10:41:07.123456789Z"
std::string rfc3339(std::int64_t unix_ns);

}  // namespace beeline::flow
