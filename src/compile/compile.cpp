#include "compile/compile.h"

#include "compile/parts.h"

namespace beeline::compile {
namespace {

// The node's own pod CIDRs are never masqueraded: who is in them without Beeline is a neighbour of its containers.
std::set<Prefix> unmasked(const model::NodeConfig& node) {
    std::set<Prefix> all(node.unmasked.begin(), node.unmasked.end());
    all.insert(node.pod_cidrs.begin(), node.pod_cidrs.end());
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
            .unmasked = unmasked(snapshot.node)};
}

}  // namespace beeline::compile
