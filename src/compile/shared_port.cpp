#include "compile/shared_port.h"

#include <algorithm>

namespace beeline::compile {
namespace {

// Without members the manifest tells what they will have.
std::set<Port> sctp_ports(const model::Service& service, const model::ServicePort& port, const Members& members) {
    std::set<Port> ports;
    if (port.proto != Proto::sctp) return ports;
    for (const auto& [member, conditions] : members)
        ports.insert(member.port);
    const auto* target = std::get_if<Port>(&port.target_port);
    if (members.empty() && !service.selector.empty() && target != nullptr) ports.insert(*target);
    return ports;
}

abi::Algorithm algorithm_of(const model::Service& service, const model::NodeConfig& node) {
    const model::Algorithm algorithm = service.algorithm.value_or(node.algorithm);
    return algorithm == model::Algorithm::maglev ? abi::Algorithm::maglev : abi::Algorithm::random;
}

}  // namespace

SharedPort share(const model::Service& service, std::size_t index, const MemberIndex& members,
                 const model::NodeConfig& node) {
    const model::ServicePort& port = service.ports[index];
    const model::Name name{service.meta.ns, service.meta.name};
    const Members all = members.of(service, port);
    SharedPort shared{.service = service,
                      .index = index,
                      .id = model::service_port_id(name, port.name, port.proto),
                      .title = to_string(name) + (port.name.empty() ? "" : ":" + port.name),
                      .algorithm = algorithm_of(service, node),
                      .v4 = {},
                      .v6 = {},
                      .sctp_ports = sctp_ports(service, port, all)};
    for (const Addr& addr : service.cluster_ips)
        (addr.v4() ? shared.v4 : shared.v6) = choose(all, addr.family);
    return shared;
}

std::optional<Port> untranslatable(const SharedPort& shared, Port frontend) {
    const auto other = std::ranges::find_if(shared.sctp_ports, [&](Port port) { return port != frontend; });
    return other == shared.sctp_ports.end() ? std::nullopt : std::optional(*other);
}

}  // namespace beeline::compile
