#include "kernel/applier.h"

#include <cerrno>

#include "base/time.h"

namespace beeline::kernel {

Actual::Actual(const MapOf& map, Devices& devices)
    : hops(map("bl_hops")),
      places(map("bl_places")),
      frontends4(
          {map("bl_frontends4"), map("bl_backends4"), map("bl_members4"), map("bl_src_ranges4"), map("bl_loads4")},
          places),
      frontends6(
          {map("bl_frontends6"), map("bl_backends6"), map("bl_members6"), map("bl_src_ranges6"), map("bl_loads6")},
          places),
      ports({map("bl_ports"), map("bl_vips")}),
      identities({map("bl_identities4"), map("bl_identities6")}),
      network({map("bl_nexthops"), map("bl_unmasked4"), map("bl_unmasked6")}, hops),
      endpoints({map("bl_endpoints4"), map("bl_endpoints6"), map("bl_policy")}, hops, devices) {}

Result<> Actual::load() {
    CHECK(hops.load());
    places.reset();
    CHECK(frontends4.load());
    CHECK(frontends6.load());
    CHECK(ports.load());
    CHECK(identities.load());
    CHECK(network.load());
    return endpoints.load();
}

Applier::Applier(Seams seams) : seams_(std::move(seams)), actual_(seams_.map, seams_.devices) {}

Result<> Applier::load() {
    CHECK(actual_.load());
    status_.up = actual_.endpoints.placed();
    return {};
}

Result<> Applier::set_host_hop(const abi::Hop& host) {
    if (TRY(actual_.hops.set_host(host))) pending_slots_.insert(abi::slot_hop(abi::hop_host));
    return {};
}

Result<> Applier::write_loads(const Loads<V4>& loads4, const Loads<V6>& loads6) {
    CHECK(actual_.frontends4.write_loads(loads4));
    return actual_.frontends6.write_loads(loads6);
}

const plan::Status& Applier::apply(const plan::Plan& plan) {
    wanted_ = plan;
    status_.wanted = plan.generation;
    status_.errors.clear();
    full_.clear();
    std::vector<Change> changes;
    stage(changes);
    auto ended = run(changes, seams_.protocol, [this] { effective_ms_ = unix_ms(); });
    settle(changes);
    end_sockets();
    if (!ended) {
        status_.errors.push_back(ended.error().what);
        if (auto loaded = actual_.load(); !loaded) status_.errors.push_back(loaded.error().what);
        frontends_.clear();
        endpoints_.clear();
        identities_.reset();
        first_ = true;
        return status_;
    }
    status_.in_force = plan.generation;
    status_.since_ms = unix_ms();
    return status_;
}

// Behind the grace period, so that no connect() chooses a backend of these any more.
void Applier::end_sockets() {
    const Departed departed{actual_.frontends4.take_departed(), actual_.frontends6.take_departed()};
    if (departed.empty()) return;
    if (auto ended = seams_.sockets.end(departed, wanted_.endpoints); !ended)
        status_.errors.push_back("sockets connected to removed backends: " + ended.error().what);
}

const plan::Status& Applier::resync() {
    if (auto loaded = actual_.load(); !loaded) {
        status_.errors.assign(1, loaded.error().what);
        return status_;
    }
    frontends_.clear();
    endpoints_.clear();
    identities_.reset();
    first_ = true;
    return apply(plan::Plan(wanted_));
}

// An address of this node is that, whatever a manifest says, unless a container of its own has it.
IdentitiesApply::Identities Applier::identities() const {
    auto all = wanted_.identities;
    if (!network_) return all;
    for (const Addr& addr : network_->addresses)
        all.insert_or_assign(addr, IdentityId{abi::identity_host});
    for (const auto& [id, endpoint] : wanted_.endpoints)
        for (const auto& addr : {endpoint.addr4, endpoint.addr6})
            if (addr) all.erase(*addr);
    return all;
}

namespace {
std::set<Addr> node_addresses(const IdentitiesApply::Identities& identities) {
    std::set<Addr> node;
    for (const auto& [addr, identity] : identities)
        if (identity.value == abi::identity_host) node.insert(addr);
    return node;
}
}  // namespace

// What is left of an external address refuses, instead of being routed on and back again. Not of one that the node
// itself has: there its processes answer.
void Applier::want_rest(const std::set<Addr>& node) {
    std::erase_if(wanted_.frontends, [](const auto& item) { return item.first.port.value == 0; });
    for (const Addr& addr : wanted_.vips)
        if (!node.contains(addr))
            wanted_.frontends.emplace(
                plan::FrontendKey{addr, Port{0}, Proto::any},
                plan::Frontend{
                    .name = "other ports", .backends = {}, .draining = {}, .outside = std::vector<plan::Backend>{}});
}

void Applier::stage(std::vector<Change>& changes) {
    if (!pending_slots_.empty()) changes.emplace_back(Change{.slots = std::exchange(pending_slots_, {})});
    const auto identities = this->identities();
    const auto node = node_addresses(identities);
    want_rest(node);
    if (identities_ != identities || node_ports_changed())
        actual_.identities.stage(identities, wanted_.node.node_port_addresses, changes);
    actual_.frontends4.set_node(node);
    actual_.frontends6.set_node(node);
    actual_.ports.stage(wanted_, node, changes);
    actual_.network.stage_unmasked(wanted_.unmasked, changes);
    if (network_) actual_.network.stage(*network_, changes);
    stage_frontends(changes);
    if (auto staged = actual_.endpoints.stage(wanted_.endpoints, endpoints_, changes); !staged)
        changes.emplace_back(Change{.error = std::move(staged).error()});
}

void Applier::stage_frontends(std::vector<Change>& changes) {
    for (const auto& [key, want] : wanted_.frontends) {
        auto before = frontends_.find(key);
        if (before != frontends_.end() && before->second == want) continue;
        Change& change = changes.emplace_back(Change{.item = key});
        if (key.addr.v4())
            actual_.frontends4.stage(key, want, change);
        else
            actual_.frontends6.stage(key, want, change);
    }
    auto remove = [&](auto& family) {
        for (const plan::FrontendKey& key : family.keys()) {
            if (wanted_.frontends.contains(key)) continue;
            Change& change = changes.emplace_back(Change{.item = key});
            change.removal = true;
            family.stage_removal(key, change);
        }
        if (!first_) return;
        Change orphans;
        family.stage_orphans(wanted_.frontends, orphans);
        if (!orphans.empty()) changes.push_back(std::move(orphans));
    };
    remove(actual_.frontends4);
    remove(actual_.frontends6);
}

void Applier::settle_endpoint(EndpointId id, const Change& change) {
    plan::ItemStatus& item = status_.endpoints[id];
    const auto& problem = change.error ? change.error : change.refused;
    const bool lost = actual_.endpoints.lost().contains(id);
    if (problem || lost || change.removal) {
        endpoints_.erase(id);
        item.error = problem ? problem->what : lost ? "its network namespace is gone" : "";
        return;
    }
    item = {status_.wanted, effective_ms_, ""};
    endpoints_.insert_or_assign(id, wanted_.endpoints.at(id));
}

void Applier::settle_frontend(const plan::FrontendKey& key, const Change& change) {
    plan::ItemStatus& item = status_.frontends[key];
    if (change.error || change.removal) {
        frontends_.erase(key);
        item.error = change.error ? change.error->what : "";
        return;
    }
    item = {status_.wanted, effective_ms_, ""};
    frontends_.insert_or_assign(key, wanted_.frontends.at(key));
}

// The text begins with the map's name (map_io.h). Where there is no memory, a larger map would not help.
void Applier::note_full(const Error& error) {
    if (error.code == Errc::exhausted && error.sys != ENOMEM)
        full_.insert(error.what.substr(0, error.what.find_first_of(": ")));
}

void Applier::settle(const std::vector<Change>& changes) {
    bool others_failed = false;
    std::set<Item> stuck;  // could not be removed: their status stays, with the error
    for (const Change& change : changes) {
        if (const auto* endpoint = std::get_if<EndpointId>(&change.item)) settle_endpoint(*endpoint, change);
        if (const auto* frontend = std::get_if<plan::FrontendKey>(&change.item)) settle_frontend(*frontend, change);
        if (change.error) note_full(*change.error);
        if (change.removal && change.error) stuck.insert(change.item);
        if (!std::holds_alternative<std::monostate>(change.item) || !change.error) continue;
        status_.errors.push_back(change.error->what);
        others_failed = true;
    }
    // What has no item of its own is compared again until it succeeds.
    identities_ = others_failed ? std::nullopt : std::optional(identities());
    node_ports_ = wanted_.node.node_port_addresses;
    first_ = others_failed;
    std::erase_if(status_.endpoints, [&](const auto& item) {
        return !wanted_.endpoints.contains(item.first) && !stuck.contains(Item{item.first});
    });
    std::erase_if(status_.frontends, [&](const auto& item) {
        return !wanted_.frontends.contains(item.first) && !stuck.contains(Item{item.first});
    });
    status_.lost = actual_.endpoints.lost();
    status_.up.clear();
    // An endpoint whose newer version was refused is up in its older one.
    const auto placed = actual_.endpoints.placed();
    for (const auto& [id, item] : status_.endpoints)
        if (item.in_force.value != 0 && placed.contains(id) && !status_.lost.contains(id)) status_.up.insert(id);
}

}  // namespace beeline::kernel
