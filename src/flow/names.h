// What addresses, rules and frontends are called in one snapshot; built once a snapshot, used for many events.
#pragma once
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "flow/record.h"
#include "model/snapshot.h"

namespace beeline::flow {

// "NetworkPolicy default/allow-client ingress[0]"
std::string rule_name(const model::Name& policy, bool egress, std::size_t index);
// "default/web:http", without the colon if the port has no name.
std::string frontend_name(const model::Name& service, const std::string& port_name);
// "host", "world", "unmanaged", "unknown", "identity 300"
std::string identity_name(IdentityId identity);
bool selects(const model::NetworkPolicy& policy, const model::Name& pod, const model::Labels& labels);

class Names {
public:
    Names() = default;
    explicit Names(model::SnapshotPtr snapshot);

    // A second set of names for what the snapshot has not (any more): pods and policies that went.
    void add_pod(const Addr& addr, const PodPtr& pod) { pods_.try_emplace(addr, pod); }
    void add_policy(const model::NetworkPolicy& policy);

    PodPtr pod(const Addr& addr) const;
    Peer peer(const Addr& addr, Port port, IdentityId identity) const;
    // Empty if no Service has this frontend. `served`: some Service was met there, so it may be a node port.
    std::string frontend(const Addr& addr, Port port, Proto proto, bool served) const;
    // "rule 123" if no policy has it.
    std::string rule(RuleId rule) const;
    // "default deny: isolated by NetworkPolicy default/deny-all, default/web"
    std::string default_deny(const Pod& pod, bool egress) const;

private:
    void add_pods();
    void add_frontends();

    model::SnapshotPtr snapshot_;
    std::map<Addr, PodPtr> pods_;
    std::map<std::tuple<Addr, Port, Proto>, std::string> frontends_;
    std::unordered_map<std::uint32_t, std::string> rules_;
    mutable std::map<std::pair<model::Name, bool>, std::string> default_denies_;
};

}  // namespace beeline::flow
