#include "compile/compile.h"

#include "compile/parts.h"

namespace beeline::compile {
namespace {

// Containers see each other's addresses, whatever node they are on. Who is in this node's range without Beeline is a
// neighbour of its containers.
std::set<Prefix> unmasked(const model::Snapshot& snapshot) {
    std::set<Prefix> all(snapshot.node.unmasked.begin(), snapshot.node.unmasked.end());
    all.insert(snapshot.node.pod_cidrs.begin(), snapshot.node.pod_cidrs.end());
    for (const auto& [name, node] : snapshot.nodes)
        all.insert(node->pod_cidrs.begin(), node->pod_cidrs.end());
    return all;
}

// An external address may be one that somebody has: externalIPs are often those of nodes. What else it answers is not
// ours to refuse.
std::set<Addr> without_owner(std::set<Addr> vips, const plan::Plan& plan) {
    std::erase_if(vips, [&](const Addr& addr) { return plan.identities.contains(addr); });
    for (const auto& [id, endpoint] : plan.endpoints)
        for (const auto& addr : {endpoint.addr4, endpoint.addr6})
            if (addr) vips.erase(*addr);
    return vips;
}

bool is_leaving(const model::Snapshot& snapshot) {
    const auto node = snapshot.nodes.find({"", snapshot.node.name});
    return node != snapshot.nodes.end() && node->second->terminating;
}

}  // namespace

plan::Plan compile(const model::Snapshot& snapshot) {
    Services services = compile::services(snapshot);
    plan::Plan plan{.generation = snapshot.generation,
                    .node = {.routers = snapshot.node.routers,
                             .pod_cidrs = snapshot.node.pod_cidrs,
                             .service_cidrs = snapshot.node.service_cidrs,
                             .mtu = snapshot.node.mtu,
                             .node_port_addresses = snapshot.node.node_port_addresses},
                    .frontends = std::move(services.frontends),
                    .unserved = std::move(services.unserved),
                    .vips = {},
                    .endpoints = endpoints(snapshot),
                    .identities = identities(snapshot),
                    .unmasked = unmasked(snapshot),
                    .health_checks = std::move(services.health_checks),
                    .leaving = is_leaving(snapshot)};
    plan.vips = without_owner(std::move(services.vips), plan);
    return plan;
}

}  // namespace beeline::compile
