#include "compile/members.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace beeline::compile {
namespace {

void merge(Hint& hint, const Hint& other) {
    hint.given |= other.given;
    hint.ours |= other.ours;
}

// One address may stand in several slices while it moves between them: what is said best of it holds.
void add(Members& members, const AddrPort& member, const Conditions& conditions) {
    const auto [it, fresh] = members.try_emplace(member, conditions);
    if (fresh) return;
    it->second.ready |= conditions.ready;
    it->second.serving |= conditions.serving;
    it->second.terminating &= conditions.terminating;
    it->second.local |= conditions.local;
    it->second.weight = std::max(it->second.weight, conditions.weight);
    merge(it->second.node, conditions.node);
    merge(it->second.zone, conditions.zone);
}

// As the endpoint slice controller of Kubernetes sets them. A Pod that does not state readiness is ready: manifests
// without a status come from people. One whose probes fail is not, whatever its status said.
Conditions readiness(const model::Pod* pod, bool failing, bool publish_not_ready) {
    if (pod == nullptr) return {.ready = true, .serving = true};
    const bool serving = (pod->ready.value_or(true) && !failing) || publish_not_ready;
    const bool ready = publish_not_ready || (serving && !pod->terminating);
    return {.ready = ready, .serving = serving, .terminating = pod->terminating, .weight = pod->weight};
}

std::optional<Port> target_port(const model::Pod* pod, const model::ServicePort& port) {
    if (const auto* number = std::get_if<Port>(&port.target_port)) return *number;
    if (pod == nullptr) return std::nullopt;
    const auto& name = std::get<std::string>(port.target_port);
    for (const model::ContainerPort& candidate : pod->ports)
        if (candidate.name == name && candidate.proto == port.proto) return candidate.port;
    return std::nullopt;
}

// A cluster's controller writes spec.trafficDistribution into the slices as hints; here they follow from where a pod
// is. A node's name stands beside its zone, so that the zone is next when the node has none.
void add_hints(Conditions& conditions, model::Service::Distribution distribution, bool in_zone) {
    using enum model::Service::Distribution;
    if (distribution == any) return;
    conditions.zone = {.given = true, .ours = in_zone};
    if (distribution == same_node) conditions.node = {.given = true, .ours = conditions.local};
}

std::string zone_of(const model::Snapshot& snapshot, const std::string& name) {
    const auto node = snapshot.nodes.find({"", name});
    if (node == snapshot.nodes.end()) return {};
    const auto label = node->second->meta.labels.find("topology.kubernetes.io/zone");
    return label == node->second->meta.labels.end() ? std::string() : label->second;
}

bool is_here(const model::Snapshot& snapshot, const std::string& node) {
    return !node.empty() && node == snapshot.node.name;
}

// Not of a Service, or not for a service proxy, as its labels say.
bool for_others(const model::EndpointSlice& slice) {
    return slice.service.name.empty() || slice.meta.labels.contains("service.kubernetes.io/headless") ||
           slice.meta.labels.contains("service.kubernetes.io/service-proxy-name");
}

bool names_any(const model::EndpointSlice& slice, const std::set<Addr>& addrs) {
    const auto is_one = [&](const Addr& addr) { return addrs.contains(addr); };
    return std::ranges::any_of(slice.endpoints, [&](const model::SliceEndpoint& endpoint) {
        return std::ranges::any_of(endpoint.addresses, is_one);
    });
}

}  // namespace

std::set<model::Name> MemberIndex::update(const model::Snapshot& now) {
    std::string zone = zone_of(now, now.node.name);
    const bool elsewhere = now.node.name != snapshot_.node.name || zone != zone_;
    zone_ = std::move(zone);
    std::set<model::Name> concerned = update_slices(now);
    concerned.merge(update_local(now));
    concerned.merge(update_candidates(now));
    if (elsewhere)
        for (const auto& [name, service] : now.services)
            concerned.insert(name);
    snapshot_ = now;
    return concerned;
}

void MemberIndex::remove(const model::EndpointSlice& slice) {
    const auto all = slices_.find(slice.service);
    if (all == slices_.end()) return;
    all->second.erase({slice.meta.ns, slice.meta.name});
    if (all->second.empty()) slices_.erase(all);
}

std::set<model::Name> MemberIndex::update_slices(const model::Snapshot& now) {
    std::set<model::Name> concerned;
    each_difference(snapshot_.slices, now.slices, [&](const auto* old, const auto* fresh) {
        for (const auto* either : {old, fresh})
            if (either != nullptr && !for_others(*either->second)) concerned.insert(either->second->service);
        if (old != nullptr) remove(*old->second);
        if (fresh == nullptr || for_others(*fresh->second)) return;
        slices_[fresh->second->service][fresh->first] = fresh->second.get();
    });
    return concerned;
}

// Who is behind an address that a local container has, or had.
std::set<model::Name> MemberIndex::update_local(const model::Snapshot& now) {
    if (now.endpoints == snapshot_.endpoints) return {};
    const std::set<Addr> before = std::exchange(local_, {});
    for (const auto& [id, endpoint] : now.endpoints)
        for (const auto& addr : {endpoint->addr4, endpoint->addr6})
            if (addr) local_.insert(*addr);
    std::set<Addr> others;
    std::ranges::set_symmetric_difference(before, local_, std::inserter(others, others.end()));
    std::set<model::Name> concerned;
    for (const auto& [service, slices] : slices_)
        if (!others.empty() && std::ranges::any_of(slices, [&](const auto& s) { return names_any(*s.second, others); }))
            concerned.insert(service);
    return concerned;
}

std::set<model::Name> MemberIndex::update_candidates(const model::Snapshot& now) {
    const model::Snapshot& before = snapshot_;
    if (now.pods.same(before.pods) && now.nodes.same(before.nodes) && now.endpoints == before.endpoints &&
        now.up == before.up && now.failing == before.failing && now.node.name == before.node.name)
        return {};
    find_candidates(now);
    std::set<model::Name> concerned;
    for (const auto& [name, service] : now.services)
        if (!service->selector.empty() && !slices_.contains(name)) concerned.insert(name);
    return concerned;
}

void MemberIndex::find_candidates(const model::Snapshot& now) {
    candidates_.clear();
    by_label_.clear();
    std::set<model::Name> pods;
    for (const auto& [id, endpoint] : now.endpoints) {
        pods.insert(endpoint->pod);
        std::vector<Addr> addrs;
        for (const auto& addr : {endpoint->addr4, endpoint->addr6})
            if (addr) addrs.push_back(*addr);
        const auto pod = now.pods.find(endpoint->pod);
        if (now.up.contains(id))
            enter(endpoint->pod.ns, {&endpoint->labels, pod == now.pods.end() ? nullptr : pod->second.get(),
                                     std::move(addrs), true, !zone_.empty(), now.failing.contains(endpoint->pod)});
    }
    for (const auto& [name, pod] : now.pods) {
        if (pods.contains(name)) continue;
        const bool same_zone = !zone_.empty() && zone_of(now, pod->node_name) == zone_;
        enter(name.ns, {&pod->meta.labels, pod.get(), pod->ips, is_here(now, pod->node_name), same_zone,
                        now.failing.contains(name)});
    }
}

Conditions MemberIndex::conditions_of(const model::SliceEndpoint& endpoint) const {
    const auto hint = [](const std::vector<std::string>& names, const std::string& ours) {
        return Hint{.given = !names.empty(), .ours = !ours.empty() && std::ranges::find(names, ours) != names.end()};
    };
    return {.ready = endpoint.ready,
            .serving = endpoint.serving,
            .terminating = endpoint.terminating,
            .node = hint(endpoint.hint_nodes, snapshot_.node.name),
            .zone = hint(endpoint.hint_zones, zone_)};
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

Members MemberIndex::from_slices(const Slices& slices, const model::ServicePort& port) const {
    Members members;
    const auto same_port = [&](const model::SlicePort& p) { return p.name == port.name && p.proto == port.proto; };
    for (const auto& [name, slice] : slices) {
        const auto found = std::ranges::find_if(slice->ports, same_port);
        if (found == slice->ports.end() || found->port.value == 0) continue;
        for (const model::SliceEndpoint& endpoint : slice->endpoints) {
            Conditions conditions = conditions_of(endpoint);
            conditions.weight = slice->weight;
            for (const Addr& addr : endpoint.addresses) {
                conditions.local = is_here(snapshot_, endpoint.node_name) || local_.contains(addr);
                add(members, {addr, found->port}, conditions);
            }
        }
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
        Conditions conditions = readiness(candidate.pod, candidate.failing, service.publish_not_ready);
        conditions.local = candidate.local;
        add_hints(conditions, service.distribution, candidate.same_zone);
        for (const Addr& addr : candidate.addrs)
            add(members, {addr, *number}, conditions);
    }
    return members;
}

}  // namespace beeline::compile
