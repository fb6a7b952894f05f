#include "flow/names.h"

#include <fmt/format.h>

#include "abi/endpoint.h"

namespace beeline::flow {

std::string rule_name(const model::Name& policy, bool egress, std::size_t index) {
    return fmt::format("NetworkPolicy {} {}[{}]", to_string(policy), egress ? "egress" : "ingress", index);
}

std::string frontend_name(const model::Name& service, const std::string& port_name) {
    return to_string(service) + (port_name.empty() ? "" : ":" + port_name);
}

std::string identity_name(IdentityId identity) {
    switch (identity.value) {
        case abi::identity_any:
            return "unknown";  // dropped before it was asked for
        case abi::identity_host:
            return "host";
        case abi::identity_world:
            return "world";
        case abi::identity_unmanaged:
            return "unmanaged";
        default:
            return fmt::format("identity {}", identity.value);
    }
}

bool selects(const model::NetworkPolicy& policy, const model::Name& pod, const model::Labels& labels) {
    return policy.meta.ns == pod.ns && policy.pods.matches(labels);
}

Names::Names(model::SnapshotPtr snapshot) : snapshot_(std::move(snapshot)) {
    add_pods();
    add_frontends();
    for (const auto& [name, policy] : snapshot_->policies)
        add_policy(*policy);
}

void Names::add_pods() {
    for (const auto& [id, endpoint] : snapshot_->endpoints) {
        auto pod = std::make_shared<const Pod>(Pod{endpoint->pod, endpoint->labels});
        if (endpoint->addr4) pods_.try_emplace(*endpoint->addr4, pod);
        if (endpoint->addr6) pods_.try_emplace(*endpoint->addr6, pod);
    }
    for (const auto& [name, object] : snapshot_->pods) {
        if (object->host_network || object->ips.empty()) continue;
        auto pod = std::make_shared<const Pod>(Pod{name, object->meta.labels});
        for (const Addr& addr : object->ips)
            pods_.try_emplace(addr, pod);
    }
}

// Where two Services claim an address, the kind of the claim decides, as in compile.
void Names::add_frontends() {
    const auto add = [this](const model::Name& name, const model::ServicePort& port, const Addr& addr, Port number) {
        frontends_.try_emplace({addr, number, port.proto}, frontend_name(name, port.name));
    };
    const auto each_port = [this](auto&& visit) {
        for (const auto& [name, service] : snapshot_->services)
            for (const auto& port : service->ports)
                visit(name, *service, port);
    };
    each_port([&](const auto& name, const auto& service, const auto& port) {
        for (const Addr& addr : service.cluster_ips) {
            add(name, port, addr, port.port);
            if (port.node_port.value != 0) add(name, port, Addr{.family = addr.family}, port.node_port);
        }
    });
    each_port([&](const auto& name, const auto& service, const auto& port) {
        for (const Addr& addr : model::addresses_of(service))
            add(name, port, addr, port.port);
    });
}

void Names::add_policy(const model::NetworkPolicy& policy) {
    const model::Name name{policy.meta.ns, policy.meta.name};
    const auto add = [&](bool egress, std::size_t count) {
        for (unsigned i = 0; i < count; i++)
            rules_.try_emplace(model::rule_id(name, egress, i).value, rule_name(name, egress, i));
    };
    add(false, policy.ingress.size());
    add(true, policy.egress.size());
}

PodPtr Names::pod(const Addr& addr) const {
    const auto found = pods_.find(addr);
    return found == pods_.end() ? nullptr : found->second;
}

Peer Names::peer(const Addr& addr, Port port, IdentityId identity) const {
    Peer peer{addr, port, identity, pod(addr), {}};
    peer.name = peer.pod ? to_string(peer.pod->name) : identity_name(identity);
    return peer;
}

std::string Names::frontend(const Addr& addr, Port port, Proto proto, bool served) const {
    auto found = frontends_.find({addr, port, proto});
    if (found == frontends_.end() && served) found = frontends_.find({Addr{.family = addr.family}, port, proto});
    return found == frontends_.end() ? std::string() : found->second;
}

std::string Names::rule(RuleId rule) const {
    const auto found = rules_.find(rule.value);
    return found == rules_.end() ? fmt::format("rule {}", rule.value) : found->second;
}

std::string Names::default_deny(const Pod& pod, bool egress) const {
    auto [entry, made] = default_denies_.try_emplace({pod.name, egress});
    if (!made) return entry->second;
    std::string policies;
    for (const auto& [name, policy] : snapshot_->policies) {
        const bool isolates = egress ? policy->isolates_egress : policy->isolates_ingress;
        if (isolates && selects(*policy, pod.name, pod.labels))
            policies += (policies.empty() ? "" : ", ") + to_string(name);
    }
    // A policy that went since the packet was dropped cannot be named any more; that it was a default deny can.
    entry->second = policies.empty() ? "default deny" : "default deny: isolated by NetworkPolicy " + policies;
    return entry->second;
}

}  // namespace beeline::flow
