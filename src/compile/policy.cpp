// NetworkPolicy v1. Allowed is the union of all rules that select a pod; what no rule allows is denied in the
// directions in which some policy isolates it.
#include <tuple>

#include "compile/parts.h"

namespace beeline::compile {
namespace {

using model::Labels;

struct Peer {
    IdentityId id;
    const Labels* labels;
};

// Who is there to be a peer: the identities that some container or Pod has now, by namespace.
struct Peers {
    struct InNamespace {
        Labels labels;  // of the Namespace
        std::map<IdentityId, const Labels*> pods;
    };
    std::map<std::string, InNamespace> namespaces;
};

using Key = std::tuple<abi::Direction, IdentityId, Proto, Port>;

using Rows = std::vector<std::pair<Key, RuleId>>;  // of one policy, in the order of its rules

Labels namespace_labels(const model::Snapshot& snapshot, const std::string& ns) {
    Labels labels;
    if (const auto object = snapshot.namespaces.find({"", ns}); object != snapshot.namespaces.end())
        labels = object->second->meta.labels;
    labels["kubernetes.io/metadata.name"] = ns;
    return labels;
}

Peers find_peers(const model::Snapshot& snapshot) {
    Peers peers;
    const auto enter = [&](const std::string& ns, IdentityId id, const Labels& labels) {
        const auto [it, fresh] = peers.namespaces.try_emplace(ns);
        if (fresh) it->second.labels = namespace_labels(snapshot, ns);
        it->second.pods.emplace(id, &labels);
    };
    std::set<model::Name> local;
    for (const auto& [id, endpoint] : snapshot.endpoints) {
        enter(endpoint->pod.ns, endpoint->identity, endpoint->labels);
        local.insert(endpoint->pod);
    }
    for (const auto& [name, pod] : snapshot.pods) {
        if (!has_own_address(*pod) || local.contains(name)) continue;
        const auto row = snapshot.identities.find({name.ns, pod->meta.labels});
        if (row != snapshot.identities.end()) enter(name.ns, row->second, row->first.labels);
    }
    return peers;
}

void add_matching(const Peers::InNamespace& ns, const std::optional<model::Selector>& pods,
                  std::set<IdentityId>& result) {
    for (const auto& [id, labels] : ns.pods)
        if (!pods || pods->matches(*labels)) result.insert(id);
}

// One entry of from/to. Its selectors hold both; without a namespace selector it means the policy's own namespace;
// without any selector, nobody.
void add_peer(const Peers& peers, const std::string& own, const model::PolicyPeer& peer, std::set<IdentityId>& result) {
    if (!peer.namespaces) {
        const auto ns = peers.namespaces.find(own);
        if (peer.pods && ns != peers.namespaces.end()) add_matching(ns->second, peer.pods, result);
        return;
    }
    for (const auto& [name, ns] : peers.namespaces)
        if (peer.namespaces->matches(ns.labels)) add_matching(ns, peer.pods, result);
}

std::set<IdentityId> expand_peers(const Peers& peers, const std::string& own, const model::PolicyRule& rule) {
    if (rule.peers.empty()) return {IdentityId{0}};
    std::set<IdentityId> result;
    for (const model::PolicyPeer& peer : rule.peers)
        add_peer(peers, own, peer, result);
    return result;
}

// Rule `index` of a direction.
void expand_rule(const Peers& peers, const model::NetworkPolicy& policy, std::pair<abi::Direction, unsigned> which,
                 Rows& rows) {
    const auto [direction, index] = which;
    const model::PolicyRule& rule = (direction == abi::ingress ? policy.ingress : policy.egress)[index];
    if (rule.nothing) return;
    const model::Name name{policy.meta.ns, policy.meta.name};
    const RuleId id = model::rule_id(name, direction == abi::egress, index);
    auto ports = rule.ports;
    if (ports.empty()) ports.push_back({.proto = Proto::any, .port = {}});
    for (const IdentityId peer : expand_peers(peers, name.ns, rule))
        for (const model::PolicyPort& port : ports)
            rows.emplace_back(Key{direction, peer, port.proto, port.port}, id);
}

// Rules of a direction that the policy does not list in its types do nothing.
Rows expand(const Peers& peers, const model::NetworkPolicy& policy) {
    Rows rows;
    for (unsigned i = 0; policy.isolates_ingress && i < policy.ingress.size(); ++i)
        expand_rule(peers, policy, {abi::ingress, i}, rows);
    for (unsigned i = 0; policy.isolates_egress && i < policy.egress.size(); ++i)
        expand_rule(peers, policy, {abi::egress, i}, rows);
    return rows;
}

using Policies = std::vector<std::pair<const model::NetworkPolicy*, Rows>>;  // of one namespace, by name

plan::PolicySet merge(const Policies& policies, const Labels& labels) {
    plan::PolicySet set;
    std::map<Key, RuleId> rows;
    for (const auto& [policy, expanded] : policies) {
        if (!policy->pods.matches(labels)) continue;
        set.isolated_ingress |= policy->isolates_ingress;
        set.isolated_egress |= policy->isolates_egress;
        for (const auto& [key, rule] : expanded)
            rows.try_emplace(key, rule);
    }
    for (const auto& [key, rule] : rows) {
        const auto& [direction, peer, proto, port] = key;
        set.entries.push_back({.direction = direction,
                               .peer = peer,
                               .proto = proto,
                               .port = port,
                               .verdict = abi::PolicyVerdict::allow,
                               .rule = rule});
    }
    return set;
}

}  // namespace

std::map<IdentityId, plan::PolicySet> policies(const model::Snapshot& snapshot) {
    const Peers peers = find_peers(snapshot);
    std::map<std::string, Policies> by_namespace;  // of those with local containers
    for (const auto& [id, endpoint] : snapshot.endpoints)
        by_namespace.try_emplace(endpoint->pod.ns);
    for (const auto& [name, policy] : snapshot.policies)
        if (const auto ns = by_namespace.find(name.ns); ns != by_namespace.end())
            ns->second.emplace_back(policy.get(), expand(peers, *policy));
    std::map<IdentityId, plan::PolicySet> result;
    for (const auto& [id, endpoint] : snapshot.endpoints)
        if (!result.contains(endpoint->identity))
            result.emplace(endpoint->identity, merge(by_namespace[endpoint->pod.ns], endpoint->labels));
    return result;
}

}  // namespace beeline::compile
