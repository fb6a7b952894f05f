#include "abi/endpoint.h"
#include "compile/parts.h"

namespace beeline::compile {
namespace {

constexpr IdentityId host{abi::identity_host}, remote_node{abi::identity_remote_node};

}  // namespace

bool has_own_address(const model::Pod& pod) {
    return !pod.host_network && !pod.finished && !pod.ips.empty();
}

// What is entered first holds: an address of a node is that even if a Pod claims it, and of two Pods with one address
// (one on its way out) the one that stays has it.
std::map<Addr, IdentityId> identities(const model::Snapshot& snapshot) {
    std::set<Addr> local;
    std::set<model::Name> local_pods;
    for (const auto& [id, endpoint] : snapshot.endpoints) {
        if (endpoint->addr4) local.insert(*endpoint->addr4);
        if (endpoint->addr6) local.insert(*endpoint->addr6);
        local_pods.insert(endpoint->pod);
    }
    std::map<Addr, IdentityId> result;
    const auto enter = [&](const std::vector<Addr>& addrs, IdentityId identity) {
        for (const Addr& addr : addrs)
            if (!local.contains(addr)) result.emplace(addr, identity);
    };
    enter(snapshot.node.routers, host);
    if (const auto self = snapshot.nodes.find({"", snapshot.node.name}); self != snapshot.nodes.end())
        enter(self->second->addresses, host);
    for (const auto& [name, node] : snapshot.nodes)
        enter(node->addresses, remote_node);
    for (const bool terminating : {false, true}) {
        for (const auto& [name, pod] : snapshot.pods) {
            if (pod->terminating != terminating || !has_own_address(*pod) || local_pods.contains(name)) continue;
            const auto row = snapshot.identities.find({name.ns, pod->meta.labels});
            if (row != snapshot.identities.end()) enter(pod->ips, row->second);
        }
    }
    return result;
}

}  // namespace beeline::compile
