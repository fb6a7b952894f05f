// One port of a Service with what all its frontends share: worked out once, however many addresses lead there.
#pragma once
#include <optional>
#include <set>
#include <string>

#include "compile/choice.h"

namespace beeline::compile {

struct SharedPort {
    const model::Service& service;
    std::size_t index;  // in service.ports
    std::uint32_t id;   // model::service_port_id
    std::string title;
    abi::Algorithm algorithm;
    bool direct;                   // backends elsewhere answer directly
    std::optional<Choice> v4, v6;  // of the families the Service has
    std::set<Port> sctp_ports;     // the backends' ports, if the protocol is SCTP
    std::set<Addr> ready_here;     // backends on this node, of the Service's first family

    const model::ServicePort& port() const { return service.ports[index]; }
    const std::optional<Choice>& choice(Family family) const { return family == Family::v4 ? v4 : v6; }
};

// Keeps a reference to the Service. `node`: whose algorithm and forwarding are those of Services that do not say.
SharedPort share(const model::Service& service, std::size_t index, const MemberIndex& members,
                 const model::NodeConfig& node);

// SCTP's checksum (CRC32c) covers the ports, and cannot follow a changed one: only the address may change. The port
// of a backend that has another one than its frontend; nothing if all can be served.
std::optional<Port> untranslatable(const SharedPort& shared, Port frontend);

}  // namespace beeline::compile
