// The inside of the store: the snapshot that is being built, and what decides about its parts.
#pragma once
#include <map>
#include <set>
#include <vector>

#include "store/claims.h"
#include "store/cluster_ips.h"
#include "store/endpoints.h"
#include "store/identities.h"
#include "store/node_ports.h"
#include "store/store.h"

namespace beeline::store {

struct Store::State {
    State(model::NodeConfig node, IdentityId last_identity);

    // Brings these objects, and those refused so far, to what the files say now.
    void update(std::set<model::Ref> dirty);
    // The next generation; null if nothing changed since the last one.
    model::SnapshotPtr publish();

    model::Labels labels_of(const model::Endpoint& endpoint) const;
    // Errors: unavailable (the pod's manifest may be one that cannot be read).
    Result<> labels_known(const model::Name& pod) const;
    // Forgets numbers out of use when none is left. Errors: exhausted.
    Result<IdentityId> identity_of(const model::IdentityLabels& labels);
    void put(const model::Endpoint& endpoint);
    Result<> remove(EndpointId id);
    Result<> restore(const model::Endpoint& endpoint);
    void set_up(const std::set<EndpointId>& up);
    void set_unmasked(std::vector<Prefix> unmasked);
    void set_failing(std::set<model::Name> pods);

    Claims claims;
    ClusterIps cluster_ips;
    NodePorts node_ports;
    Endpoints endpoints;
    Identities identities;
    std::map<model::Ref, model::Problem> refused;  // by the store itself, with what the files say now

private:
    void accept(const model::Ref& ref, const Definition& definition);
    void withdraw(const model::Ref& ref);
    void settle(const std::vector<model::Ref>& services);
    std::set<model::Ref> settle_together(std::vector<model::Ref> services);
    std::vector<ClusterIps::Request> requests_of(const std::vector<model::Ref>& services) const;
    template <class Request, class Answer>
    std::set<model::Ref> refuse_without(Answer Request::* result, const std::vector<Request>& requests);
    void answer(const std::vector<ClusterIps::Request>& ips, const std::vector<NodePorts::Request>& ports);
    void fill(const ClusterIps::Request& request, const NodePorts::Given& ports);
    void relabel(const model::Name& pod);
    void claim_addresses(const model::Name& pod);
    void relabel_restored();
    void refuse(const model::Ref& ref, model::Problem problem);
    std::set<IdentityId> identities_in_use() const;
    template <class T>
    void set(model::Objects<T>& objects, const model::Name& name, std::shared_ptr<const T> object);
    template <class T>
    void unset(model::Objects<T>& objects, const model::Name& name);

    model::Snapshot next_;
    bool changed_ = true;            // next_ differs from the generation published last
    std::uint64_t identities_ = 0;   // version of the table in next_
    std::set<EndpointId> restored_;  // their labels are still those of the earlier run
};

}  // namespace beeline::store
