#include "compile/members.h"

#include <algorithm>

namespace beeline::compile {
namespace {

// One address may stand in several slices while it moves between them: what is said best of it holds.
void add(Members& members, const AddrPort& member, const Conditions& conditions) {
    const auto [it, fresh] = members.try_emplace(member, conditions);
    if (fresh) return;
    it->second.ready |= conditions.ready;
    it->second.serving |= conditions.serving;
    it->second.terminating &= conditions.terminating;
}

// As the endpoint slice controller of Kubernetes sets them. A Pod that does not state readiness is ready: manifests
// without a status come from people.
Conditions conditions_of(const model::Pod* pod, bool publish_not_ready) {
    if (pod == nullptr) return {.ready = true, .serving = true, .terminating = false};
    const bool serving = pod->ready.value_or(true) || publish_not_ready;
    const bool ready = publish_not_ready || (serving && !pod->terminating);
    return {.ready = ready, .serving = serving, .terminating = pod->terminating};
}

std::optional<Port> target_port(const model::Pod* pod, const model::ServicePort& port) {
    if (const auto* number = std::get_if<Port>(&port.target_port)) return *number;
    if (pod == nullptr) return std::nullopt;
    const auto& name = std::get<std::string>(port.target_port);
    for (const model::ContainerPort& candidate : pod->ports)
        if (candidate.name == name && candidate.proto == port.proto) return candidate.port;
    return std::nullopt;
}

// The labels by which a slice says that it is not for a service proxy.
bool for_others(const model::EndpointSlice& slice) {
    return slice.meta.labels.contains("service.kubernetes.io/headless") ||
           slice.meta.labels.contains("service.kubernetes.io/service-proxy-name");
}

}  // namespace

MemberIndex::MemberIndex(const model::Snapshot& snapshot) {
    for (const auto& [name, slice] : snapshot.slices)
        if (!slice->service.name.empty() && !for_others(*slice)) slices_[slice->service].push_back(slice.get());
    std::set<model::Name> local;
    for (const auto& [id, endpoint] : snapshot.endpoints) {
        local.insert(endpoint->pod);
        if (!snapshot.up.contains(id)) continue;
        const auto pod = snapshot.pods.find(endpoint->pod);
        Candidate candidate{&endpoint->labels, pod == snapshot.pods.end() ? nullptr : pod->second.get(), {}};
        if (endpoint->addr4) candidate.addrs.push_back(*endpoint->addr4);
        if (endpoint->addr6) candidate.addrs.push_back(*endpoint->addr6);
        enter(endpoint->pod.ns, std::move(candidate));
    }
    for (const auto& [name, pod] : snapshot.pods)
        if (!local.contains(name)) enter(name.ns, {&pod->meta.labels, pod.get(), pod->ips});
}

void MemberIndex::enter(const std::string& ns, Candidate candidate) {
    if (candidate.addrs.empty() || (candidate.pod != nullptr && candidate.pod->finished)) return;
    for (const auto& [key, value] : *candidate.labels)
        by_label_[{ns, key, value}].push_back(candidates_.size());
    candidates_.push_back(std::move(candidate));
}

Members MemberIndex::of(const model::Service& service, const model::ServicePort& port) const {
    if (const auto slices = slices_.find({service.meta.ns, service.meta.name}); slices != slices_.end())
        return from_slices(slices->second, port);
    return from_selector(service, port);
}

Members MemberIndex::from_slices(const std::vector<const model::EndpointSlice*>& slices,
                                 const model::ServicePort& port) const {
    Members members;
    const auto same_port = [&](const model::SlicePort& p) { return p.name == port.name && p.proto == port.proto; };
    for (const model::EndpointSlice* slice : slices) {
        const auto found = std::ranges::find_if(slice->ports, same_port);
        if (found == slice->ports.end() || found->port.value == 0) continue;
        for (const model::SliceEndpoint& endpoint : slice->endpoints)
            for (const Addr& addr : endpoint.addresses)
                add(members, {addr, found->port}, {endpoint.ready, endpoint.serving, endpoint.terminating});
    }
    return members;
}

Members MemberIndex::from_selector(const model::Service& service, const model::ServicePort& port) const {
    Members members;
    // All labels must match, so that the rarest of them names the few to look at.
    const std::vector<std::size_t>* fewest = nullptr;
    for (const auto& [key, value] : service.selector) {
        const auto bearers = by_label_.find({service.meta.ns, key, value});
        if (bearers == by_label_.end()) return members;
        if (fewest == nullptr || bearers->second.size() < fewest->size()) fewest = &bearers->second;
    }
    if (fewest == nullptr) return members;
    const model::Selector selector{service.selector, {}};
    for (const std::size_t i : *fewest) {
        const Candidate& candidate = candidates_[i];
        const auto number = target_port(candidate.pod, port);
        if (!number || !selector.matches(*candidate.labels)) continue;
        for (const Addr& addr : candidate.addrs)
            add(members, {addr, *number}, conditions_of(candidate.pod, service.publish_not_ready));
    }
    return members;
}

}  // namespace beeline::compile
