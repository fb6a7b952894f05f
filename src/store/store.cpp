#include "store/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "base/time.h"
#include "store/claims.h"
#include "store/state.h"

namespace beeline::store {

Store::Store(model::NodeConfig node, IdentityId last_identity)
    : state_(std::make_unique<State>(std::move(node), last_identity)) {
    publish();
}

Store::~Store() = default;

model::SnapshotPtr Store::current() const {
    const std::lock_guard lock(current_mutex_);
    return current_;
}

void Store::publish() {
    auto snapshot = state_->publish();
    if (!snapshot) return;
    // Swapped, so that the old generation, if nobody holds it any more, is freed outside the lock.
    const std::lock_guard lock(current_mutex_);
    current_.swap(snapshot);
}

void Store::apply(std::vector<FileEdit> edits) {
    std::set<model::Ref> dirty;
    for (FileEdit& edit : edits)
        dirty.merge(state_->claims.apply(std::move(edit)));
    state_->update(std::move(dirty));
    publish();
}

std::set<model::Ref> Store::said_by(const std::string& file) const {
    return state_->claims.said_by(file);
}

Result<model::Endpoint> Store::add_endpoint(const EndpointRequest& request) {
    const auto existing = TRY(state_->endpoints.match(request));
    if (!existing) CHECK(state_->labels_known(request.pod));
    model::Endpoint endpoint = existing ? *existing : TRY(state_->endpoints.draft(request));
    endpoint.own_labels = request.labels;
    if (request.netns_inode != 0) endpoint.netns_inode = request.netns_inode;
    endpoint.netns = request.netns;
    endpoint.labels = state_->labels_of(endpoint);
    endpoint.identity = TRY(state_->identity_of({endpoint.pod.ns, endpoint.labels}));
    if (!existing) endpoint.created_ms = unix_ms();
    state_->put(endpoint);
    publish();
    return endpoint;
}

Result<> Store::remove_endpoint(EndpointId id) {
    CHECK(state_->remove(id));
    publish();
    return {};
}

Result<> Store::restore_endpoint(const model::Endpoint& endpoint) {
    CHECK(state_->restore(endpoint));
    publish();
    return {};
}

void Store::set_unmasked(std::vector<Prefix> unmasked) {
    state_->set_unmasked(std::move(unmasked));
    publish();
}

void Store::set_failing(std::set<model::Name> pods) {
    state_->set_failing(std::move(pods));
    publish();
}

void Store::set_up(const std::set<EndpointId>& up) {
    state_->set_up(up);
    publish();
}

std::uint64_t Store::tables_version() const {
    return 1 + state_->identities.version() + state_->cluster_ips.version() + state_->node_ports.version();
}

IdentityTable Store::identities() const {
    const auto& table = state_->identities.table();
    return {table.begin(), table.end()};
}

Result<> Store::restore_identities(const IdentityTable& table) {
    for (const auto& [labels, id] : table)
        CHECK(state_->identities.restore(labels, id));
    publish();
    return {};
}

ClusterIpTable Store::cluster_ips() const {
    return state_->cluster_ips.table();
}

Result<> Store::restore_cluster_ips(const ClusterIpTable& table) {
    std::map<Addr, model::Name> seen;
    for (const auto& [name, ips] : table)
        for (const Addr& addr : ips)
            if (const auto [it, fresh] = seen.emplace(addr, name); !fresh)
                return fail(Errc::conflict, fmt::format("cluster address {} stands for {} and {}", to_string(addr),
                                                        to_string(it->second), to_string(name)));
    for (const auto& [name, ips] : table)
        state_->cluster_ips.remember(name, ips);
    return {};
}

NodePortTable Store::node_ports() const {
    return state_->node_ports.table();
}

Result<> Store::restore_node_ports(const NodePortTable& table) {
    std::map<std::pair<Proto, Port>, model::Name> seen;
    for (const auto& [name, ports] : table)
        for (const HeldPort& held : ports)
            if (const auto [it, fresh] = seen.emplace(std::pair(held.proto, held.port), name); !fresh)
                return fail(Errc::conflict, fmt::format("node port {}/{} stands for {} and {}", to_string(held.proto),
                                                        held.port.value, to_string(it->second), to_string(name)));
    for (const auto& [name, ports] : table)
        state_->node_ports.remember(name, ports);
    return {};
}

std::vector<model::Problem> Store::problems() const {
    std::vector<model::Problem> all = state_->claims.problems();
    for (const auto& [ref, problem] : state_->refused)
        all.push_back(problem);
    std::ranges::sort(all, {}, [](const model::Problem& p) { return std::tie(p.file, p.line, p.field, p.reason); });
    return all;
}

}  // namespace beeline::store
