#include "compile/compile.h"

#include "compile/parts.h"

namespace beeline::compile {

plan::Plan compile(const model::Snapshot& snapshot) {
    return {.generation = snapshot.generation,
            .node = {.routers = snapshot.node.routers,
                     .pod_cidrs = snapshot.node.pod_cidrs,
                     .service_cidrs = snapshot.node.service_cidrs,
                     .mtu = snapshot.node.mtu},
            .frontends = frontends(snapshot),
            .endpoints = endpoints(snapshot),
            .identities = identities(snapshot)};
}

}  // namespace beeline::compile
