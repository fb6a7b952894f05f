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

// As kube-proxy counts them for healthCheckNodePort: those that only terminate do not count, although they may serve.
std::set<Addr> ready_here(const model::Service& service, const Members& members) {
    std::set<Addr> ready;
    if (service.cluster_ips.empty()) return ready;
    for (const auto& [member, conditions] : members)
        if (member.addr.family == service.cluster_ips[0].family && conditions.ready && conditions.local)
            ready.insert(member.addr);
    return ready;
}

abi::Algorithm algorithm_of(const model::Service& service, const model::NodeConfig& node) {
    switch (service.algorithm.value_or(node.algorithm)) {
        case model::Algorithm::maglev:
            return abi::Algorithm::maglev;
        case model::Algorithm::round_robin:
            return abi::Algorithm::round_robin;
        case model::Algorithm::least_connections:
            return abi::Algorithm::least_connections;
        case model::Algorithm::random:
            break;
    }
    return abi::Algorithm::random;
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
                      .direct = service.forwarding.value_or(node.forwarding) == model::Forwarding::dsr,
                      .v4 = {},
                      .v6 = {},
                      .sctp_ports = sctp_ports(service, port, all),
                      .ready_here = {}};
    if (service.health_check_node_port.value != 0) shared.ready_here = ready_here(service, all);
    for (const Addr& addr : service.cluster_ips)
        (addr.v4() ? shared.v4 : shared.v6) = choose(all, addr.family);
    return shared;
}

std::optional<Port> untranslatable(const SharedPort& shared, Port frontend) {
    const auto other = std::ranges::find_if(shared.sctp_ports, [&](Port port) { return port != frontend; });
    return other == shared.sctp_ports.end() ? std::nullopt : std::optional(*other);
}

}  // namespace beeline::compile
