// The local containers: who has which id, address and namespace. Knows no labels and no identities.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "model/snapshot.h"
#include "store/allocator.h"
#include "store/store.h"

namespace beeline::store {

class Endpoints {
public:
    explicit Endpoints(const model::NodeConfig& node);

    // Which endpoint the request means, null if it is a new one. Errors: conflict (the pod is in another namespace,
    // or the namespace and interface are another pod's), exists (it has other addresses than those asked for).
    Result<std::shared_ptr<const model::Endpoint>> match(const EndpointRequest& request) const;
    // A new endpoint with id and addresses: those asked for, else those its Pod manifest names if they are free, else
    // the next that nobody has and no manifest names. Enters nothing, so that nothing leaks if the rest fails. Errors:
    // exhausted, conflict, invalid.
    Result<model::Endpoint> draft(const EndpointRequest& request) const;
    // One of an earlier run. Errors: conflict (id, pod, address or namespace is another's), invalid (id 0).
    Result<> restore(const model::Endpoint& endpoint);

    // Enters it, or replaces the one with its id; the addresses stay those it was entered with.
    void put(const model::Endpoint& endpoint);
    void erase(EndpointId id);

    // The addresses that this Pod's manifest names: no other pod gets them from now on. Replaces what it named before.
    void claim(const model::Name& pod, const std::vector<Addr>& addrs);

    // Null: there is none.
    std::shared_ptr<const model::Endpoint> by_id(EndpointId id) const;
    std::shared_ptr<const model::Endpoint> by_pod(const model::Name& pod) const;
    const std::map<EndpointId, std::shared_ptr<const model::Endpoint>>& all() const { return all_; }

private:
    Result<std::optional<Addr>> address(Family family, const EndpointRequest& request) const;
    Result<> check(const Addr& asked, const model::Name& pod) const;
    // Null: it names none that is free.
    const Addr* claimed_by(const model::Name& pod, Family family) const;
    const model::Endpoint* in_namespace(const EndpointRequest& request) const;
    void take(const model::Endpoint& endpoint, bool restored);

    std::map<EndpointId, std::shared_ptr<const model::Endpoint>> all_;
    std::map<model::Name, EndpointId> pods_;
    std::map<Addr, EndpointId> owners_;
    std::map<Family, AddressPool> pools_;
    std::map<Addr, std::set<model::Name>> claimants_;  // of two one may be on its way out
    std::map<model::Name, std::vector<Addr>> claims_;
    Rotor ids_;
};

}  // namespace beeline::store
