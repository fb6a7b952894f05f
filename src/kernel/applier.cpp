#include "kernel/applier.h"

#include <algorithm>
#include <cerrno>
#include <iterator>

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
    places.reset();
    CHECK(frontends4.load());
    CHECK(frontends6.load());
    return load_others();
}

Result<> Actual::load_others() {
    CHECK(hops.load());
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

void Applier::set_network(NetworkRows network) {
    network_ = std::move(network);
    network_changed_ = true;
}

void Applier::want(const plan::Plan& plan) {
    const bool same_addresses = !std::exchange(network_changed_, false) && plan.identities.same(wanted_.identities) &&
                                plan.endpoints.same(wanted_.endpoints);
    const bool same_vips = same_addresses && plan.vips == wanted_.vips;
    wanted_ = plan;
    status_.wanted = plan.generation;
    if (!same_addresses) known_ = known();
    if (!same_vips) wanted_rest_ = rest();
}

// Nothing is known to be in force.
void Applier::forget_compared() {
    frontends_.clear();
    rest_.clear();
    first_ = true;
    forget_others();
}

void Applier::forget_others() {
    endpoints_.clear();
    identities_.reset();
}

Result<> Applier::reload() {
    unknown_ = true;
    CHECK(actual_.load());
    unknown_ = false;
    forget_compared();
    return {};
}

const plan::Status& Applier::apply(const plan::Plan& plan) {
    want(plan);
    status_.errors.clear();
    full_.clear();
    if (auto known = unknown_ ? reload() : Result<>(); !known) {
        status_.errors.push_back(known.error().what);
        return status_;
    }
    std::vector<Change> changes;
    stage(changes);
    auto ended = run(changes, seams_.protocol, [this] { effective_ms_ = unix_ms(); });
    settle(changes);
    end_sockets();
    if (!ended) {
        status_.errors.push_back(ended.error().what);
        if (auto loaded = reload(); !loaded) status_.errors.push_back(loaded.error().what);
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

const plan::Status& Applier::apply_again(const Result<>& loaded) {
    if (loaded) return apply(plan::Plan(wanted_));
    status_.errors.assign(1, loaded.error().what);
    return status_;
}

const plan::Status& Applier::resync() {
    return apply_again(reload());
}

const plan::Status& Applier::resync_others() {
    if (unknown_) return resync();
    auto loaded = actual_.load_others();
    if (loaded) forget_others();
    return apply_again(loaded);
}

// Those of IPv4, then those of IPv6. A thousand rows take about a millisecond.
Result<CheckStep> Applier::check_frontends() {
    constexpr std::size_t rows = 1000;
    if (!checking6_) {
        const CheckStep step = TRY(actual_.frontends4.check(rows));
        checking6_ = step == CheckStep::finished;
        return checking6_ ? CheckStep::more : step;
    }
    const CheckStep step = TRY(actual_.frontends6.check(rows));
    checking6_ = step == CheckStep::more;
    return step;
}

// An address of this node is that, whatever a manifest says, unless a container of its own has it.
Applier::Known Applier::known() const {
    Known all{.identities = wanted_.identities};
    std::set<Addr> containers;
    for (const auto& [id, endpoint] : wanted_.endpoints)
        for (const auto& addr : {endpoint.addr4, endpoint.addr6})
            if (addr) containers.insert(*addr);
    if (network_) {
        for (const Addr& addr : network_->addresses)
            all.identities.insert_or_assign(addr, IdentityId{abi::identity_host});
        for (const Addr& addr : containers)
            all.identities.erase(addr);
    }
    for (const auto& [addr, identity] : all.identities)
        if (identity.value == abi::identity_host) all.node.insert(addr);
    return all;
}

// What is left of an external address refuses, instead of being routed on and back again. Not of one that the node
// itself has: there its processes answer.
plan::Frontends Applier::rest() const {
    plan::Frontends rest;
    const plan::Frontend other_ports{
        .name = "other ports", .backends = {}, .draining = {}, .outside = std::vector<plan::Backend>{}};
    for (const Addr& addr : wanted_.vips)
        if (!known_.node.contains(addr)) rest.insert_or_assign({addr, Port{0}, Proto::any}, other_ports);
    return rest;
}

void Applier::stage(std::vector<Change>& changes) {
    if (!pending_slots_.empty()) changes.emplace_back(Change{.slots = std::exchange(pending_slots_, {})});
    const auto& node_ports = wanted_.node.node_port_addresses;
    if (identities_ != known_.identities || node_ports_ != node_ports)
        actual_.identities.stage(known_.identities, node_ports, changes);
    actual_.frontends4.set_node(known_.node);
    actual_.frontends6.set_node(known_.node);
    actual_.ports.stage(wanted_, known_.node, changes);
    actual_.network.stage_unmasked(wanted_.unmasked, changes);
    if (network_) actual_.network.stage(*network_, changes);
    stage_frontends(changes);
    if (auto staged = actual_.endpoints.stage(wanted_.endpoints, endpoints_, changes); !staged)
        changes.emplace_back(Change{.error = std::move(staged).error()});
}

// Null: it is to go.
void Applier::stage_frontend(const plan::FrontendKey& key, const plan::Frontend* want, std::vector<Change>& changes) {
    Change& change = changes.emplace_back(Change{.item = key});
    change.removal = want == nullptr;
    const auto stage_in = [&](auto& family) {
        if (want != nullptr)
            family.stage(key, *want, change);
        else
            family.stage_removal(key, change);
    };
    if (key.addr.v4())
        stage_in(actual_.frontends4);
    else
        stage_in(actual_.frontends6);
}

void Applier::stage_frontends(std::vector<Change>& changes) {
    const auto stage_difference = [&](const auto* before, const auto* want) {
        if (want == nullptr)
            leftovers_.insert(before->first);
        else if (before == nullptr || !(before->second == want->second))
            stage_frontend(want->first, &want->second, changes);
        else
            in_force(want->first).put(wanted(want->first).entry(want->first));
    };
    each_difference(plan::Frontends(frontends_), wanted_.frontends, stage_difference);
    each_difference(plan::Frontends(rest_), wanted_rest_, stage_difference);
    stage_leftovers(changes);
}

void Applier::stage_leftovers(std::vector<Change>& changes) {
    if (first_) {
        for (const auto& keys : {actual_.frontends4.keys(), actual_.frontends6.keys()})
            std::ranges::copy_if(keys, std::inserter(leftovers_, leftovers_.end()),
                                 [this](const auto& key) { return !wanted(key).contains(key); });
    }
    for (const plan::FrontendKey& key : leftovers_)
        if (!wanted(key).contains(key)) stage_frontend(key, nullptr, changes);
    const auto stage_orphans = [&](auto& family) {
        Change orphans;
        family.stage_orphans([this](const plan::FrontendKey& key) { return wanted(key).contains(key); }, orphans);
        if (!orphans.empty()) changes.push_back(std::move(orphans));
    };
    if (!first_) return;
    stage_orphans(actual_.frontends4);
    stage_orphans(actual_.frontends6);
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
    if (change.error) {
        leftovers_.insert(key);
        in_force(key).erase(key);
        status_.frontends[key].error = change.error->what;
        return;
    }
    leftovers_.erase(key);
    if (change.removal) {
        in_force(key).erase(key);
        status_.frontends.erase(key);
        return;
    }
    in_force(key).put(wanted(key).entry(key));
    status_.frontends.insert_or_assign(key, {status_.wanted, effective_ms_, ""});
}

// The text begins with the map's name (map_io.h). Where there is no memory, a larger map would not help.
void Applier::note_full(const Error& error) {
    if (error.code == Errc::exhausted && error.sys != ENOMEM)
        full_.insert(error.what.substr(0, error.what.find_first_of(": ")));
}

void Applier::settle(const std::vector<Change>& changes) {
    bool others_failed = false;
    std::set<EndpointId> stuck, gone;
    for (const Change& change : changes) {
        const auto* endpoint = std::get_if<EndpointId>(&change.item);
        if (endpoint != nullptr) settle_endpoint(*endpoint, change);
        if (endpoint != nullptr && change.removal && change.error) stuck.insert(*endpoint);
        if (const auto* frontend = std::get_if<plan::FrontendKey>(&change.item)) settle_frontend(*frontend, change);
        if (change.error) note_full(*change.error);
        if (!std::holds_alternative<std::monostate>(change.item) || !change.error) continue;
        status_.errors.push_back(change.error->what);
        others_failed = true;
    }
    // What has no item of its own is compared again until it succeeds.
    identities_ = others_failed ? std::nullopt : std::optional(known_.identities);
    node_ports_ = wanted_.node.node_port_addresses;
    first_ = others_failed;
    // What could not be removed keeps its status, with the error.
    for (const auto& [id, item] : status_.endpoints)
        if (!wanted_.endpoints.contains(id) && !stuck.contains(id)) gone.insert(id);
    for (const EndpointId id : gone)
        status_.endpoints.erase(id);
    status_.lost = actual_.endpoints.lost();
    status_.up.clear();
    // An endpoint whose newer version was refused is up in its older one.
    const auto placed = actual_.endpoints.placed();
    for (const auto& [id, item] : status_.endpoints)
        if (item.in_force.value != 0 && placed.contains(id) && !status_.lost.contains(id)) status_.up.insert(id);
}

}  // namespace beeline::kernel
