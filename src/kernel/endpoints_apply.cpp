#include "kernel/endpoints_apply.h"

#include <algorithm>

namespace beeline::kernel {
namespace {

std::vector<Addr> addrs_of(const plan::Endpoint& endpoint) {
    std::vector<Addr> addrs;
    for (const auto& addr : {endpoint.addr4, endpoint.addr6})
        if (addr) addrs.push_back(*addr);
    return addrs;
}

abi::Hop hop_to(const ContainerLink& link) {
    abi::Hop hop{};
    hop.ifindex = link.host.value;
    hop.mtu = link.mtu;
    std::ranges::copy(link.container_mac.bytes, hop.dmac);
    std::ranges::copy(link.host_mac.bytes, hop.smac);
    return hop;
}

}  // namespace

EndpointsApply::EndpointsApply(const Maps& maps, HopRows& hops, Devices& devices)
    : rows4_(maps.endpoints4), rows6_(maps.endpoints6), sets_(maps.policy), hops_(hops), devices_(devices) {
    hops_.add_user([this] { return used_hops(); });
}

Result<> EndpointsApply::load() {
    CHECK(rows4_.load());
    CHECK(rows6_.load());
    CHECK(sets_.load());
    kept_.reset();
    return {};
}

EndpointsApply::Currents EndpointsApply::current() const {
    Currents all;
    auto add = [&all](const Addr& addr, const abi::Endpoint& row) {
        Current& now = all[EndpointId{row.id}];
        now.addrs.push_back(addr);
        now.row = row;
    };
    for (const auto& [key, row] : rows4_.rows())
        add(value_addr(key), row);
    for (const auto& [key, row] : rows6_.rows())
        add(value_addr(key), row);
    return all;
}

bool EndpointsApply::differs(const Addr& addr, const abi::Endpoint& row) const {
    return addr.v4() ? rows4_.differs(wire_addr<abi::Addr4>(addr), row)
                     : rows6_.differs(wire_addr<abi::Addr6>(addr), row);
}
Result<> EndpointsApply::put(const Addr& addr, const abi::Endpoint& row) {
    return addr.v4() ? rows4_.put(wire_addr<abi::Addr4>(addr), row) : rows6_.put(wire_addr<abi::Addr6>(addr), row);
}
// Only the row of endpoint `id`: the address may have gone to another endpoint meanwhile.
Result<> EndpointsApply::erase(const Addr& addr, std::uint16_t id) {
    auto erase_from = [id](auto& rows, const auto& key) -> Result<> {
        const abi::Endpoint* row = rows.find(key);
        if (row == nullptr || row->id != id) return {};
        return rows.erase(key);
    };
    return addr.v4() ? erase_from(rows4_, wire_addr<abi::Addr4>(addr))
                     : erase_from(rows6_, wire_addr<abi::Addr6>(addr));
}

Result<abi::Endpoint> EndpointsApply::place(const plan::Endpoint& want, const ContainerLink& link, const Current* now) {
    abi::Endpoint row{};
    row.ifindex = link.host.value;
    row.identity = want.identity.value;
    row.id = want.id.value;
    std::ranges::copy(link.container_mac.bytes, row.mac);
    row.hop = TRY(hops_.place(hop_to(link), now == nullptr ? abi::hop_none : now->row.hop));
    row.policy = sets_.word(want.policy, now == nullptr ? 0 : now->row.policy);
    return row;
}

void EndpointsApply::stage_rows(const plan::Endpoint& want, const abi::Endpoint& row, Change& change) {
    for (const Addr& addr : addrs_of(want)) {
        if (!differs(addr, row)) continue;
        change.switches.push_back([this, addr, row] { return put(addr, row); });
        change.slots.insert(slot_of(addr));
    }
    if (change.switches.empty()) return;
    change.prepare.push_back([this, row] { return hops_.write(row.hop); });
    change.prepare.push_back([this, row] { return sets_.write(abi::policy_set_of(row.policy)); });
}

void EndpointsApply::stage_unlink(const Addr& addr, std::uint16_t id, Change& change) {
    change.slots.insert(slot_of(addr));
    change.unlinks.push_back([this, addr, id] { return erase(addr, id); });
}

void EndpointsApply::stage_gone(const Current& now, Change& change) {
    for (const Addr& addr : now.addrs)
        stage_unlink(addr, now.row.id, change);
    change.slots.insert(abi::slot_hop(now.row.hop));
}

// True if nothing that concerns the device has changed and the device is as it was left.
bool EndpointsApply::is_settled(const plan::Endpoint& want, const plan::Endpoint& before) const {
    auto link = links_.find(want.id);
    auto device = present_.find(want.host_ifname);
    return link != links_.end() && device != present_.end() && device->second.up &&
           device->second.index == link->second.host && want.netns == before.netns &&
           want.netns_inode == before.netns_inode && want.ifname == before.ifname &&
           want.host_ifname == before.host_ifname && want.addr4 == before.addr4 && want.addr6 == before.addr6;
}

Result<std::optional<ContainerLink>> EndpointsApply::link_of(const plan::Endpoint& want, const plan::Endpoint* before) {
    if (before != nullptr && is_settled(want, *before)) {
        ContainerLink link = links_.at(want.id);
        link.up = true;
        return link;
    }
    auto link = TRY(devices_.ensure(want));
    if (link)
        links_.insert_or_assign(want.id, *link);
    else
        links_.erase(want.id);
    return link;
}

void EndpointsApply::stage_one(const plan::Endpoint& want, const plan::Endpoint* before, const Current* now,
                               Change& change) {
    auto link = link_of(want, before);
    if (link && *link) return stage_link(want, **link, now, change);
    if (link) lost_.insert(want.id);
    if (!link) change.refused = std::move(link).error();
    if (now == nullptr) return;
    auto device = present_.find(want.host_ifname);
    const bool serves = change.refused && device != present_.end() && device->second.index.value == now->row.ifindex;
    if (!serves) stage_gone(*now, change);
}

void EndpointsApply::stage_link(const plan::Endpoint& want, const ContainerLink& link, const Current* now,
                                Change& change) {
    auto row = place(want, link, now);
    if (!row) return void(change.error = std::move(row).error());
    stage_rows(want, *row, change);
    if (!link.up) change.ups.push_back([this, name = want.host_ifname] { return devices_.set_up(name); });
    if (now == nullptr) return;
    const auto addrs = addrs_of(want);
    for (const Addr& addr : now->addrs)
        if (std::ranges::find(addrs, addr) == addrs.end()) stage_unlink(addr, now->row.id, change);
    if (now->row.hop != row->hop) change.slots.insert(abi::slot_hop(now->row.hop));
}

Result<> EndpointsApply::stage(const Endpoints& want, const Endpoints& settled, std::vector<Change>& changes) {
    present_ = TRY(devices_.list());
    const Currents now = current();
    lost_.clear();
    std::erase_if(links_, [&](const auto& link) { return !want.contains(link.first); });
    for (const auto& [id, endpoint] : want) {
        auto before = settled.find(id);
        const bool known = before != settled.end();
        if (known && before->second == endpoint && is_settled(endpoint, before->second)) continue;
        auto row = now.find(id);
        Change& change = changes.emplace_back(Change{.item = id});
        stage_one(endpoint, known ? &before->second : nullptr, row == now.end() ? nullptr : &row->second, change);
    }
    for (const auto& [id, row] : now) {
        if (want.contains(id)) continue;
        Change& change = changes.emplace_back(Change{.item = id});
        change.removal = true;
        stage_gone(row, change);
    }
    stage_collect(want, changes);
    return {};
}

void EndpointsApply::stage_collect(const Endpoints& want, std::vector<Change>& changes) {
    std::set<std::string> names;
    for (const auto& [id, endpoint] : want)
        if (!lost_.contains(id)) names.insert(endpoint.host_ifname);
    const bool rows_change = std::ranges::any_of(
        changes, [](const Change& c) { return !c.switches.empty() || !c.unlinks.empty() || c.error || c.refused; });
    if (!rows_change && names == kept_ && !hops_.idle() && !sets_.idle(used_sets())) return;
    Change& change = changes.emplace_back();
    if (names != kept_)
        change.retire.push_back([this, names]() -> Result<> {
            CHECK(devices_.keep_only(names));
            kept_ = names;
            return {};
        });
    // What is used is asked after the grace period, of the rows as they then are: a failed switch keeps what it names.
    change.retire.push_back([this] { return sets_.collect(used_sets()); });
    change.retire.push_back([this] { return hops_.collect(); });
}

std::set<std::uint32_t> EndpointsApply::used_hops() const {
    std::set<std::uint32_t> used;
    for (const auto& [key, row] : rows4_.rows())
        used.insert(row.hop);
    for (const auto& [key, row] : rows6_.rows())
        used.insert(row.hop);
    return used;
}

std::set<std::uint32_t> EndpointsApply::used_sets() const {
    std::set<std::uint32_t> used;
    for (const auto& [key, row] : rows4_.rows())
        used.insert(abi::policy_set_of(row.policy));
    for (const auto& [key, row] : rows6_.rows())
        used.insert(abi::policy_set_of(row.policy));
    return used;
}

std::set<EndpointId> EndpointsApply::placed() const {
    std::set<EndpointId> ids;
    for (const auto& [key, row] : rows4_.rows())
        ids.insert(EndpointId{row.id});
    for (const auto& [key, row] : rows6_.rows())
        ids.insert(EndpointId{row.id});
    return ids;
}

std::map<EndpointId, EndpointView> EndpointsApply::view() const {
    std::map<EndpointId, EndpointView> view;
    for (const auto& [id, now] : current()) {
        EndpointView& seen = view[id];
        seen.addrs = now.addrs;
        seen.row = now.row;
        if (const abi::Hop* hop = hops_.find(now.row.hop)) seen.hop = *hop;
        seen.policy = {abi::policy_isolates(now.row.policy, abi::ingress),
                       abi::policy_isolates(now.row.policy, abi::egress),
                       sets_.entries(abi::policy_set_of(now.row.policy))};
    }
    return view;
}

}  // namespace beeline::kernel
