#include "kernel/network_apply.h"

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

bool is_decisions(const abi::NexthopKey& key) {
    return same_bytes(key, NetworkApply::decisions_key);
}

template <class Key>
Key prefix_key(const Prefix& prefix) {
    Key key{};
    key.length = prefix.length;
    key.addr = wire_addr<decltype(key.addr)>(prefix.addr);
    return key;
}
template <class Key>
Prefix prefix_of(const Key& key) {
    return {value_addr(key.addr), static_cast<std::uint8_t>(key.length)};
}

Change& global_change(std::vector<Change>& changes) {
    return changes.emplace_back(Change{.slots = {abi::slot_global}});
}

template <class Key>
void stage_prefixes(Table<Key, abi::u32>& rows, Family family, const std::set<Prefix>& want,
                    std::vector<Change>& changes) {
    for (const Prefix& prefix : want) {
        if (prefix.addr.family != family) continue;
        const Key key = prefix_key<Key>(prefix);
        if (rows.differs(key, 1)) global_change(changes).switches.push_back([&rows, key] { return rows.put(key, 1); });
    }
    for (const auto& [key, row] : rows.rows())
        if (!want.contains(prefix_of(key)))
            global_change(changes).unlinks.push_back([&rows, key] { return rows.erase(key); });
}

}  // namespace

NetworkApply::NetworkApply(const Maps& maps, HopRows& hops)
    : nexthops_(maps.nexthops), unmasked4_(maps.unmasked4), unmasked6_(maps.unmasked6), hops_(hops) {
    hops_.add_user([this] { return used_hops(); });
}

Result<> NetworkApply::load() {
    CHECK(nexthops_.load());
    CHECK(unmasked4_.load());
    return unmasked6_.load();
}

void NetworkApply::stage_hop(const abi::NexthopKey& key, const abi::Hop& hop, std::vector<Change>& changes) {
    const abi::Nexthop* now = nexthops_.find(key);
    auto row = hops_.place(hop, now == nullptr ? abi::hop_none : now->hop);
    if (!row) {
        changes.emplace_back(Change{.error = std::move(row).error()});
        return;
    }
    const abi::Nexthop next{0, *row};
    if (!nexthops_.differs(key, next)) return;
    Change& change = global_change(changes);
    change.prepare.push_back([this, row = *row] { return hops_.write(row); });
    change.switches.push_back([this, key, next] { return nexthops_.put(key, next); });
}

void NetworkApply::stage(const NetworkRows& want, std::vector<Change>& changes) {
    for (const auto& [key, hop] : want.hops)
        stage_hop(key, hop, changes);
    for (const auto& [key, row] : nexthops_.rows())
        if (!is_decisions(key) && !want.hops.contains(key))
            global_change(changes).unlinks.push_back([this, key] { return nexthops_.erase(key); });
    const abi::Nexthop decisions{0, want.decisions};
    if (!nexthops_.differs(decisions_key, decisions)) return;
    // After the bumps: who dies before them leaves the row as it was.
    global_change(changes).retire.push_back([this, decisions] { return nexthops_.put(decisions_key, decisions); });
}

void NetworkApply::stage_unmasked(const std::set<Prefix>& want, std::vector<Change>& changes) {
    stage_prefixes(unmasked4_, Family::v4, want, changes);
    stage_prefixes(unmasked6_, Family::v6, want, changes);
}

HopRows::Used NetworkApply::used_hops() const {
    HopRows::Used used;
    for (const auto& [key, row] : nexthops_.rows())
        if (!is_decisions(key)) used.insert(row.hop);
    return used;
}

NetworkApply::Hops NetworkApply::hops_view() const {
    Hops view;
    for (const auto& [key, row] : nexthops_.rows()) {
        if (is_decisions(key)) continue;
        const abi::Hop* hop = hops_.find(row.hop);
        view.emplace(key, hop == nullptr ? abi::Hop{} : *hop);
    }
    return view;
}

std::set<Prefix> NetworkApply::unmasked_view() const {
    std::set<Prefix> view;
    for (const auto& [key, row] : unmasked4_.rows())
        view.insert(prefix_of(key));
    for (const auto& [key, row] : unmasked6_.rows())
        view.insert(prefix_of(key));
    return view;
}

}  // namespace beeline::kernel
