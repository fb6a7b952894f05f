#include <fmt/format.h>

#include "compile/services.h"

namespace beeline::compile {
namespace {

bool loopback(const Addr& addr) {
    static const Prefix v4 = parse_prefix("127.0.0.0/8").value(), v6 = parse_prefix("::1/128").value();
    return v4.contains(addr) || v6.contains(addr);
}

const std::optional<Addr>& addr_of(const model::Endpoint& endpoint, Family family) {
    return family == Family::v4 ? endpoint.addr4 : endpoint.addr6;
}

// Without hostIP: every address of the node, in the families the container has.
std::vector<Addr> host_addrs(const model::Endpoint& endpoint, const model::ContainerPort& port) {
    if (port.host_ip && *port.host_ip != Addr{port.host_ip->family, {}}) return {*port.host_ip};
    std::vector<Addr> result;
    for (const Family family : {Family::v4, Family::v6})
        if (addr_of(endpoint, family)) result.push_back({family, {}});
    return result;
}

void add(const model::Endpoint& endpoint, const model::ContainerPort& port, const Addr& host, Wishes& wishes) {
    const plan::FrontendKey key{host, port.host_port, port.proto};
    // No port of a Service has such a name: a number of its own, also beside a Service of the pod's name.
    const std::string name = fmt::format("hostPort {}", port.host_port.value);
    plan::Frontend frontend{.service = model::service_port_id(endpoint.pod, name, port.proto),
                            .name = to_string(endpoint.pod) + ":" + name,
                            .kind = plan::FrontendKind::host_port,
                            .backends = {},
                            .draining = {}};
    const auto& pod = addr_of(endpoint, host.family);
    if (!pod)
        return wishes.refuse(key, std::move(frontend),
                             fmt::format("hostIP: {}: the container has no address of this family", to_string(host)));
    if (port.proto == Proto::sctp && port.port != port.host_port)
        return wishes.refuse(key, std::move(frontend),
                             fmt::format("hostPort: the container has port {} instead of {}: ports of SCTP cannot be "
                                         "translated, its checksum covers them",
                                         port.port.value, port.host_port.value));
    frontend.backends = {{*pod, port.port, false}};
    if (!loopback(host)) frontend.outside = frontend.backends;
    wishes.add(key, std::move(frontend), "hostPort");
}

void add_pod(const model::Endpoint& endpoint, const model::Pod& pod, Wishes& wishes) {
    for (const model::ContainerPort& port : pod.ports) {
        if (port.host_port.value == 0) continue;
        for (const Addr& host : host_addrs(endpoint, port))
            add(endpoint, port, host, wishes);
    }
}

}  // namespace

// A container that is not up yet would lose what comes. Its readiness does not matter: a host port has no other
// backend.
Wishes host_ports(const model::Snapshot& snapshot) {
    Wishes wishes;
    for (const auto& [id, endpoint] : snapshot.endpoints) {
        const auto pod = snapshot.pods.find(endpoint->pod);
        if (!snapshot.up.contains(id) || pod == snapshot.pods.end()) continue;
        if (!pod->second->host_network && !pod->second->finished) add_pod(*endpoint, *pod->second, wishes);
    }
    return wishes;
}

}  // namespace beeline::compile
