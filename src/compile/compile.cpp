#include "compile/compile.h"

#include "compile/parts.h"

namespace beeline::compile {

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
            .identities = identities(snapshot)};
}

}  // namespace beeline::compile
