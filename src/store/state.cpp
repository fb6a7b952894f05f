#include "store/state.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

namespace beeline::store {
namespace {

// Shares the memory of the definition, so that no object is copied on its way into a snapshot.
template <class T>
std::shared_ptr<const T> part_of(const std::shared_ptr<const model::Object>& object) {
    return {object, std::get_if<T>(object.get())};
}

// host network pods have the node's address and no identity of their own; finished ones have none any more.
bool has_identity(const model::Pod& pod) {
    return !pod.host_network && !pod.finished && !pod.ips.empty();
}

model::Ref service_ref(const model::Name& name) {
    return {model::Kind::service, name.ns, name.name};
}

bool may_lack_ports(const ClusterIps::Request& request) {
    using enum model::Service::Type;
    return request.wanted->type == node_port || request.wanted->type == load_balancer;
}

model::Problem problem_of(const Error& error) {
    model::Problem problem;
    problem.reason = error.what;
    return problem;
}

}  // namespace

Store::State::State(model::NodeConfig node, IdentityId last_identity)
    : cluster_ips(node.service_cidrs),
      node_ports(node.node_ports_first, node.node_ports_last),
      endpoints(node),
      identities(last_identity) {
    next_.node = std::move(node);
}

model::SnapshotPtr Store::State::publish() {
    if (identities_ != identities.version()) {
        identities_ = identities.version();
        next_.identities = identities.table();
        changed_ = true;
    }
    if (!changed_) return nullptr;
    changed_ = false;
    ++next_.generation.value;
    return std::make_shared<const model::Snapshot>(next_);
}

template <class T>
void Store::State::set(model::Objects<T>& objects, const model::Name& name, std::shared_ptr<const T> object) {
    const auto old = objects.find(name);
    if (old != objects.end() && (old->second == object || *old->second == *object)) return;
    objects.insert_or_assign(name, std::move(object));
    changed_ = true;
}

// Those of the requests that have no answer are refused with its error.
template <class Request, class Answer>
std::set<model::Ref> Store::State::refuse_without(Answer Request::* result, const std::vector<Request>& requests) {
    std::set<model::Ref> refusals;
    for (const Request& request : requests) {
        if (request.*result) continue;
        const model::Ref ref = service_ref(request.name);
        refuse(ref, (request.*result).error());
        refusals.insert(ref);
    }
    return refusals;
}

template <class T>
void Store::State::unset(model::Objects<T>& objects, const model::Name& name) {
    if (objects.erase(name) != 0) changed_ = true;
}

void Store::State::refuse(const model::Ref& ref, model::Problem problem) {
    if (const Definition* definition = claims.first(ref)) {
        problem.file = definition->file;
        problem.line = model::origin_of(*definition->object).line;
    }
    problem.object = ref;
    refused[ref] = std::move(problem);
}

void Store::State::update(std::set<model::Ref> dirty) {
    for (const auto& [ref, problem] : refused)
        dirty.insert(ref);
    refused.clear();
    std::vector<model::Ref> services;
    for (const model::Ref& ref : dirty) {
        const Definition* definition = claims.first(ref);
        if (definition == nullptr) {
            withdraw(ref);
        } else if (ref.kind == model::Kind::service) {
            services.push_back(ref);
        } else {
            accept(ref, *definition);
        }
    }
    settle(services);
    for (const model::Ref& ref : dirty) {
        if (ref.kind != model::Kind::pod) continue;
        relabel({ref.ns, ref.name});
        claim_addresses({ref.ns, ref.name});
    }
    relabel_restored();
}

void Store::State::withdraw(const model::Ref& ref) {
    const model::Name name{ref.ns, ref.name};
    switch (ref.kind) {
        case model::Kind::namespace_:
            return unset(next_.namespaces, name);
        case model::Kind::node:
            return unset(next_.nodes, name);
        case model::Kind::pod:
            return unset(next_.pods, name);
        case model::Kind::endpoint_slice:
            return unset(next_.slices, name);
        case model::Kind::network_policy:
            return unset(next_.policies, name);
        case model::Kind::service:
            cluster_ips.release(name);
            node_ports.release(name);
            return unset(next_.services, name);
    }
}

void Store::State::accept(const model::Ref& ref, const Definition& definition) {
    const model::Name name{ref.ns, ref.name};
    const auto& object = definition.object;
    switch (ref.kind) {
        case model::Kind::namespace_:
            return set(next_.namespaces, name, part_of<model::Namespace>(object));
        case model::Kind::node:
            return set(next_.nodes, name, part_of<model::Node>(object));
        case model::Kind::endpoint_slice:
            return set(next_.slices, name, part_of<model::EndpointSlice>(object));
        case model::Kind::network_policy:
            return set(next_.policies, name, part_of<model::NetworkPolicy>(object));
        case model::Kind::service:
            return;  // settled together
        case model::Kind::pod:
            break;
    }
    auto pod = part_of<model::Pod>(object);
    if (has_identity(*pod))
        if (auto id = identity_of({pod->meta.ns, pod->meta.labels}); !id) return refuse(ref, problem_of(id.error()));
    set(next_.pods, name, std::move(pod));
}

// Twice for those refused the first time: what they want may have become free only when its holder had got another.
void Store::State::settle(const std::vector<model::Ref>& services) {
    std::vector<model::Ref> open = services;
    for (int round = 0; round < 2 && !open.empty(); ++round) {
        const std::set<model::Ref> again = settle_together(open);
        if (again.size() == open.size()) return;
        open.assign(again.begin(), again.end());
    }
}

std::vector<ClusterIps::Request> Store::State::requests_of(const std::vector<model::Ref>& services) const {
    std::vector<ClusterIps::Request> requests;
    for (const model::Ref& ref : services) {
        const Definition& definition = *claims.first(ref);
        const auto* wanted = std::get_if<model::Service>(definition.object.get());
        requests.push_back({.name = {ref.ns, ref.name}, .wanted = wanted, .order = definition.order});
    }
    return requests;
}

// A Service gets its addresses and its node ports, or keeps those that it has. If one got addresses and no ports, all
// begin anew without it, as others may have been promised what it was to leave. Returns who is refused.
std::set<model::Ref> Store::State::settle_together(std::vector<model::Ref> services) {
    std::set<model::Ref> refusals;
    for (;;) {
        auto ips = requests_of(services);
        std::optional<std::pair<ClusterIps, NodePorts>> before;  // a copy of all: only where it may be needed
        if (std::ranges::any_of(ips, may_lack_ports)) before.emplace(cluster_ips, node_ports);
        cluster_ips.settle(ips);
        std::vector<NodePorts::Request> ports;
        for (const ClusterIps::Request& r : ips)
            if (r.ips) ports.push_back({.name = r.name, .wanted = r.wanted, .order = r.order});
        node_ports.settle(ports);
        std::set<model::Ref> portless = refuse_without(&NodePorts::Request::given, ports);
        if (portless.empty()) {
            refusals.merge(refuse_without(&ClusterIps::Request::ips, ips));
            answer(ips, ports);
            return refusals;
        }
        std::tie(cluster_ips, node_ports) = std::move(*before);
        std::erase_if(services, [&](const model::Ref& ref) { return portless.contains(ref); });
        refusals.merge(portless);
    }
}

// `ports` are those of the Services that have addresses, in the same order.
void Store::State::answer(const std::vector<ClusterIps::Request>& ips, const std::vector<NodePorts::Request>& ports) {
    auto port = ports.begin();
    for (const ClusterIps::Request& request : ips)
        if (request.ips) fill(request, *port++->given);
}

void Store::State::fill(const ClusterIps::Request& request, const NodePorts::Given& ports) {
    const model::Ref ref = service_ref(request.name);
    refused.erase(ref);
    auto service = part_of<model::Service>(claims.first(ref)->object);
    auto filled = std::make_shared<model::Service>(*service);
    filled->cluster_ips = *request.ips;
    filled->health_check_node_port = ports.health_check;
    for (std::size_t i = 0; i < filled->ports.size(); ++i)
        filled->ports[i].node_port = ports.ports[i];
    if (*filled != *service) service = std::move(filled);
    set(next_.services, request.name, std::move(service));
}

model::Labels Store::State::labels_of(const model::Endpoint& endpoint) const {
    model::Labels labels = endpoint.own_labels;
    const auto pod = next_.pods.find(endpoint.pod);
    if (pod != next_.pods.end()) {
        labels.insert(pod->second->meta.labels.begin(), pod->second->meta.labels.end());
    } else if (restored_.contains(endpoint.id)) {
        const auto old = endpoints.by_id(endpoint.id);
        labels.insert(old->labels.begin(), old->labels.end());
    }
    return labels;
}

// Without the labels of its manifest a new container would miss the policies that select it by them.
Result<> Store::State::labels_known(const model::Name& pod) const {
    const model::Problem* problem = claims.may_be_hidden({model::Kind::pod, pod.ns, pod.name});
    if (problem == nullptr) return {};
    return fail(Errc::unavailable, fmt::format("pod {}: its labels may stand in a manifest that cannot be read: {}",
                                               to_string(pod), to_string(*problem)));
}

std::set<IdentityId> Store::State::identities_in_use() const {
    std::set<IdentityId> used;
    for (const auto& [id, endpoint] : endpoints.all())
        used.insert(endpoint->identity);
    const auto& table = identities.table();
    for (const auto& [name, pod] : next_.pods)
        if (const auto row = table.find({name.ns, pod->meta.labels}); row != table.end()) used.insert(row->second);
    return used;
}

Result<IdentityId> Store::State::identity_of(const model::IdentityLabels& labels) {
    auto id = identities.obtain(labels);
    if (id || id.error().code != Errc::exhausted) return id;
    identities.keep_only(identities_in_use());
    return identities.obtain(labels);
}

void Store::State::put(const model::Endpoint& endpoint) {
    const auto old = endpoints.by_id(endpoint.id);
    if (old && *old == endpoint) return;
    endpoints.put(endpoint);
    next_.endpoints[endpoint.id] = endpoints.by_id(endpoint.id);
    changed_ = true;
}

Result<> Store::State::remove(EndpointId id) {
    if (!endpoints.by_id(id)) return fail(Errc::not_found, "there is no endpoint " + std::to_string(id.value));
    endpoints.erase(id);
    next_.endpoints.erase(id);
    next_.up.erase(id);
    restored_.erase(id);
    changed_ = true;
    return {};
}

// A number that stands for other labels now (the table was lost or is older) must not stop a running container.
Result<> Store::State::restore(const model::Endpoint& endpoint) {
    const model::IdentityLabels labels{endpoint.pod.ns, endpoint.labels};
    CHECK(endpoints.restore(endpoint));
    model::Endpoint restored = endpoint;
    if (!identities.restore(labels, endpoint.identity)) {
        auto id = identity_of(labels);
        if (!id) endpoints.erase(endpoint.id);
        restored.identity = TRY(id);
        endpoints.put(restored);
    }
    next_.endpoints[endpoint.id] = endpoints.by_id(endpoint.id);
    restored_.insert(endpoint.id);
    changed_ = true;
    return {};
}

void Store::State::set_up(const std::set<EndpointId>& up) {
    std::set<EndpointId> known;
    for (const EndpointId id : up)
        if (next_.endpoints.contains(id)) known.insert(id);
    if (known == next_.up) return;
    next_.up = std::move(known);
    changed_ = true;
}

void Store::State::set_unmasked(std::vector<Prefix> unmasked) {
    if (unmasked == next_.node.unmasked) return;
    next_.node.unmasked = std::move(unmasked);
    changed_ = true;
}

void Store::State::set_failing(std::set<model::Name> pods) {
    if (pods == next_.failing) return;
    next_.failing = std::move(pods);
    changed_ = true;
}

void Store::State::relabel(const model::Name& pod) {
    const auto old = endpoints.by_pod(pod);
    if (!old) return;
    model::Endpoint endpoint = *old;
    endpoint.labels = labels_of(endpoint);
    if (endpoint.labels == old->labels) return;
    auto id = identity_of({pod.ns, endpoint.labels});
    if (!id) return refuse({model::Kind::pod, pod.ns, pod.name}, problem_of(id.error()));
    endpoint.identity = *id;
    put(endpoint);
}

void Store::State::claim_addresses(const model::Name& pod) {
    const auto object = next_.pods.find(pod);
    const bool has_own = object != next_.pods.end() && has_identity(*object->second);
    endpoints.claim(pod, has_own ? object->second->ips : std::vector<Addr>{});
}

// A Pod that is not there may only be unreadable; taking its labels away would lift the policies that select it.
void Store::State::relabel_restored() {
    for (auto it = restored_.begin(); it != restored_.end();) {
        const model::Name pod = endpoints.by_id(*it)->pod;
        if (claims.may_be_hidden({model::Kind::pod, pod.ns, pod.name})) {
            ++it;
            continue;
        }
        it = restored_.erase(it);
        relabel(pod);
    }
}

}  // namespace beeline::store
