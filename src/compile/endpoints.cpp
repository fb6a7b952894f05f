#include "compile/parts.h"

namespace beeline::compile {

std::map<EndpointId, plan::Endpoint> endpoints(const model::Snapshot& snapshot) {
    const auto sets = policies(snapshot);
    std::map<EndpointId, plan::Endpoint> result;
    for (const auto& [id, endpoint] : snapshot.endpoints)
        result.emplace(id, plan::Endpoint{.id = id,
                                          .name = to_string(endpoint->pod),
                                          .netns = endpoint->netns,
                                          .netns_inode = endpoint->netns_inode,
                                          .ifname = endpoint->ifname,
                                          .host_ifname = "bl" + std::to_string(id.value),
                                          .addr4 = endpoint->addr4,
                                          .addr6 = endpoint->addr6,
                                          .identity = endpoint->identity,
                                          .policy = sets.at(endpoint->identity)});
    return result;
}

}  // namespace beeline::compile
