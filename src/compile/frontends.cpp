#include <fmt/format.h>

#include <algorithm>

#include "compile/services.h"
#include "compile/shared_port.h"

namespace beeline::compile {
namespace {

using plan::FrontendKind;

bool served(const model::Service& service) {
    return !service.headless && !service.foreign_proxy && service.type != model::Service::Type::external_name;
}

// The field that asks for the frontend.
std::string field_of(FrontendKind kind, const SharedPort& shared) {
    switch (kind) {
        case FrontendKind::node_port:
            return fmt::format("spec.ports[{}].nodePort", shared.index);
        case FrontendKind::external_ip:
            return "spec.externalIPs";
        case FrontendKind::load_balancer:
            return "status.loadBalancer.ingress";
        default:
            return "spec.clusterIPs";
    }
}

std::string sctp_reason(const SharedPort& shared, FrontendKind kind, Port frontend, Port backend) {
    return fmt::format(
        "spec.ports[{}].{}: the backends have port {} instead of {}: ports of SCTP cannot be translated, its checksum "
        "covers them",
        shared.index, kind == FrontendKind::node_port ? "nodePort" : "targetPort", backend.value, frontend.value);
}

// The Service's ranges of the address's family; none: everybody. If it has ranges, but none of the family, nobody of
// the family may come (kube-proxy would let all of them in): said by the unspecified address, which no client has, so
// that those who come are dropped for the right reason.
std::vector<Prefix> source_ranges(const model::Service& service, Family family) {
    std::set<Prefix> ranges;
    for (const Prefix& range : service.source_ranges)
        if (range.addr.family == family) ranges.insert(range);
    if (std::ranges::any_of(ranges, [](const Prefix& range) { return range.length == 0; })) return {};
    const std::uint8_t bits = family == Family::v4 ? 32 : 128;
    if (ranges.empty() && !service.source_ranges.empty()) ranges.insert({{family, {}}, bits});
    return {ranges.begin(), ranges.end()};
}

// Behind an external address clients on this node have the backends of the whole cluster, whatever the policy: they
// are there already, and nobody would lose their address.
void set_backends(plan::Frontend& frontend, const model::Service& service, const Choice& choice) {
    const auto by = [&](model::TrafficPolicy policy) {
        return policy == model::TrafficPolicy::local ? choice.local : choice.cluster;
    };
    if (frontend.kind == FrontendKind::cluster_ip) {
        frontend.backends = by(service.internal_policy);
    } else {
        frontend.backends = choice.cluster;
        frontend.outside = by(service.external_policy);
        frontend.elsewhere = frontend.outside->empty() && choice.any;
    }
    frontend.draining = draining(choice, frontend);
}

void add(const SharedPort& shared, FrontendKind kind, const plan::FrontendKey& key, Wishes& wishes) {
    plan::Frontend frontend{.service = shared.id, .name = shared.title, .kind = kind, .backends = {}, .draining = {}};
    const auto& choice = shared.choice(key.addr.family);
    if (!choice)
        return wishes.refuse(key, std::move(frontend),
                             fmt::format("{}: {}: the Service has no address of this family", field_of(kind, shared),
                                         to_string(key.addr)));
    if (kind == FrontendKind::external_ip || kind == FrontendKind::load_balancer) wishes.vips.insert(key.addr);
    if (const auto port = untranslatable(shared, key.port))
        return wishes.refuse(key, std::move(frontend), sctp_reason(shared, kind, key.port, *port));
    frontend.algorithm = shared.algorithm;
    frontend.affinity_seconds = shared.service.affinity_seconds.value_or(0);
    if (kind == FrontendKind::load_balancer) frontend.source_ranges = source_ranges(shared.service, key.addr.family);
    set_backends(frontend, shared.service, *choice);
    frontend.direct = frontend.outside && shared.direct;
    wishes.add(key, std::move(frontend), field_of(kind, shared));
}

void add_cluster_ips(const SharedPort& shared, Wishes& wishes) {
    for (const Addr& addr : shared.service.cluster_ips)
        add(shared, FrontendKind::cluster_ip, {addr, shared.port().port, shared.port().proto}, wishes);
}

void add_node_ports(const SharedPort& shared, Wishes& wishes) {
    if (!is_on_nodes(shared.service) || shared.port().node_port.value == 0) return;
    for (const Family family : {Family::v4, Family::v6})
        if (shared.choice(family))
            add(shared, FrontendKind::node_port, {{family, {}}, shared.port().node_port, shared.port().proto}, wishes);
}

void add_ingress(const SharedPort& shared, Wishes& wishes) {
    if (shared.service.type != model::Service::Type::load_balancer) return;
    for (const model::LoadBalancerIngress& ingress : shared.service.ingress)
        if (!ingress.proxy)
            add(shared, FrontendKind::load_balancer, {ingress.addr, shared.port().port, shared.port().proto}, wishes);
}

void add_external_ips(const SharedPort& shared, Wishes& wishes) {
    for (const Addr& addr : shared.service.external_ips)
        add(shared, FrontendKind::external_ip, {addr, shared.port().port, shared.port().proto}, wishes);
}

// Of a Service with several ports the backends of all of them, each once.
void add_health_check(const std::vector<SharedPort>& ports, Wishes& wishes) {
    std::set<Addr> ready;
    for (const SharedPort& shared : ports) {
        ready.insert(shared.ready_here.begin(), shared.ready_here.end());
        const Port port = shared.service.health_check_node_port;
        if (port.value != 0) wishes.check = {.port = port, .local = ready.size()};
    }
}

}  // namespace

Wishes wishes_of(const model::Service& service, const MemberIndex& members, const model::NodeConfig& node) {
    std::vector<SharedPort> ports;
    for (std::size_t i = 0; served(service) && i < service.ports.size(); ++i)
        ports.push_back(share(service, i, members, node));
    Wishes wishes;
    for (const auto add_kind : {add_cluster_ips, add_node_ports, add_ingress, add_external_ips})
        for (const SharedPort& shared : ports)
            add_kind(shared, wishes);
    add_health_check(ports, wishes);
    return wishes;
}

}  // namespace beeline::compile
