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

}  // namespace

plan::Plan compile(const model::Snapshot& snapshot) {
    Services services = compile::services(snapshot);
    return {.generation = snapshot.generation,
            .node = {.routers = snapshot.node.routers,
                     .pod_cidrs = snapshot.node.pod_cidrs,
                     .service_cidrs = snapshot.node.service_cidrs,
                     .mtu = snapshot.node.mtu},
            .frontends = std::move(services.frontends),
            .unserved = std::move(services.unserved),
            .endpoints = endpoints(snapshot),
            .identities = identities(snapshot),
            .unmasked = unmasked(snapshot)};
}

}  // namespace beeline::compile
