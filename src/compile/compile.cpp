#include "compile/compile.h"

#include "compile/parts.h"
#include "compile/services.h"

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

// Whether a part has to be compiled anew: it is not where everything it is made from is still the same.
bool same_for_endpoints(const model::Snapshot& a, const model::Snapshot& b) {
    return a.endpoints == b.endpoints && a.pods.same(b.pods) && a.policies.same(b.policies) &&
           a.namespaces.same(b.namespaces) && a.identities.same(b.identities);
}
bool same_for_identities(const model::Snapshot& a, const model::Snapshot& b) {
    return a.node == b.node && a.nodes.same(b.nodes) && a.pods.same(b.pods) && a.endpoints == b.endpoints &&
           a.identities.same(b.identities);
}
bool same_for_node(const model::Snapshot& a, const model::Snapshot& b) {
    return a.node == b.node && a.nodes.same(b.nodes);
}

}  // namespace

struct Compiler::Memory {
    bool first = true;
    model::Snapshot snapshot{};  // the last one
    Services services{};
    plan::Plan plan{};
};

Compiler::Compiler() : memory_(std::make_unique<Memory>()) {}
Compiler::~Compiler() = default;

plan::Plan Compiler::compile(const model::Snapshot& snapshot) {
    auto& [first, before, services, plan] = *memory_;
    const auto identities_before = plan.identities;
    const auto endpoints_before = plan.endpoints;
    plan.generation = snapshot.generation;
    if (first || !same_for_node(before, snapshot)) {
        plan.node = {.routers = snapshot.node.routers,
                     .pod_cidrs = snapshot.node.pod_cidrs,
                     .service_cidrs = snapshot.node.service_cidrs,
                     .mtu = snapshot.node.mtu,
                     .node_port_addresses = snapshot.node.node_port_addresses};
        plan.unmasked = unmasked(snapshot);
        plan.leaving = is_leaving(snapshot);
    }
    if (first || !same_for_endpoints(before, snapshot)) plan.endpoints.assign(endpoints(snapshot));
    if (first || !same_for_identities(before, snapshot)) plan.identities.assign(identities(snapshot));
    const bool changed = services.update(snapshot);
    plan.frontends = services.claims().frontends();
    if (changed || !plan.identities.same(identities_before) || !plan.endpoints.same(endpoints_before)) {
        plan.unserved = services.claims().unserved();
        plan.health_checks = services.claims().health_checks();
        plan.vips = without_owner(services.claims().vips(), plan);
    }
    before = snapshot;
    first = false;
    return plan;
}

plan::Plan compile(const model::Snapshot& snapshot) {
    return Compiler().compile(snapshot);
}

}  // namespace beeline::compile
