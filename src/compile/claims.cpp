#include "compile/claims.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace beeline::compile {
namespace {

using plan::FrontendKind;

int rank_of(FrontendKind kind) {
    switch (kind) {
        case FrontendKind::cluster_ip:
            return 0;
        case FrontendKind::node_port:
            return 1;
        case FrontendKind::load_balancer:
            return 2;
        case FrontendKind::external_ip:
            return 3;
        case FrontendKind::host_port:
            return 4;
    }
    return 5;
}

bool same(const Wish& a, const Wish& b) {
    return a.field == b.field && a.refusal == b.refusal && *a.frontend == *b.frontend;
}

bool same(const Wishes& a, const Wishes& b) {
    const auto equal = [](const Wish& x, const Wish& y) { return same(x, y); };
    return a.vips == b.vips && a.check == b.check && std::ranges::equal(a.frontends, b.frontends, equal);
}

// What is asked for as before is the frontend that it was.
void share(Wishes& wishes, const Wishes& before) {
    std::map<plan::FrontendKey, const plan::Frontends::Entry*> known;
    for (const Wish& wish : before.frontends)
        known.emplace(wish.frontend->first, &wish.frontend);
    for (Wish& wish : wishes.frontends) {
        const auto old = known.find(wish.frontend->first);
        if (old != known.end() && **old->second == *wish.frontend) wish.frontend = *old->second;
    }
}

}  // namespace

void Wishes::add(const plan::FrontendKey& key, plan::Frontend frontend, std::string field) {
    frontends.push_back(
        {std::make_shared<const plan::Frontends::value_type>(key, std::move(frontend)), std::move(field), ""});
}

void Wishes::refuse(const plan::FrontendKey& key, plan::Frontend frontend, std::string reason) {
    frontends.push_back(
        {std::make_shared<const plan::Frontends::value_type>(key, std::move(frontend)), "", std::move(reason)});
}

bool Claims::Claimant::precedes(const Claimant& a, const Claimant& b) {
    return std::tie(a.rank, a.object->first, a.index) < std::tie(b.rank, b.object->first, b.index);
}

bool Claims::set(const model::Name& object, Wishes wishes) {
    const auto [entry, fresh] = objects_.try_emplace(object);
    const bool changed = !same(entry->second, wishes);
    if (changed) {
        share(wishes, entry->second);
        for (const Wishes* either : {&entry->second, &wishes})
            for (const Wish& wish : either->frontends)
                touched_.insert(wish.frontend->first);
        withdraw(*entry);
        entry->second = std::move(wishes);
        enter(*entry);
    }
    if (entry->second.empty()) objects_.erase(entry);
    return changed;
}

void Claims::enter(const Objects::value_type& object) {
    const auto& [name, wishes] = object;
    for (std::size_t i = 0; i < wishes.frontends.size(); ++i) {
        const auto& [key, frontend] = *wishes.frontends[i].frontend;
        const Claimant claimant{rank_of(frontend.kind), &object, i};
        auto& all = claimants_[key];
        all.insert(std::ranges::upper_bound(all, claimant, Claimant::precedes), claimant);
    }
    for (const Addr& addr : wishes.vips)
        ++vips_[addr];
    if (wishes.check) checks_.emplace(name, *wishes.check);
}

void Claims::withdraw(const Objects::value_type& object) {
    const auto& [name, wishes] = object;
    for (const Wish& wish : wishes.frontends) {
        const auto all = claimants_.find(wish.frontend->first);
        if (all == claimants_.end()) continue;
        std::erase_if(all->second, [&](const Claimant& claimant) { return claimant.object == &object; });
        if (all->second.empty()) claimants_.erase(all);
    }
    for (const Addr& addr : wishes.vips)
        if (--vips_[addr] == 0) vips_.erase(addr);
    checks_.erase(name);
}

void Claims::settle() {
    for (const plan::FrontendKey& key : touched_)
        settle(key);
    touched_.clear();
}

void Claims::settle(const plan::FrontendKey& key) {
    unserved_.erase(key);
    if (const auto claimants = claimants_.find(key); claimants != claimants_.end())
        settle(key, claimants->second);
    else
        frontends_.erase(key);
}

// A Service may ask again for what it has (its external address may be its load balancer's as well): the first holds.
void Claims::settle(const plan::FrontendKey& key, const std::vector<Claimant>& claimants) {
    plan::Frontends::Entry holder;
    for (const Claimant& claimant : claimants) {
        const Wish& wish = claimant.wish();
        const plan::Frontend& frontend = wish.frontend->second;
        std::string refusal = wish.refusal;
        if (refusal.empty() && !holder) {
            holder = wish.frontend;
            continue;
        }
        if (refusal.empty() && holder->second.service == frontend.service) continue;
        if (refusal.empty())
            refusal =
                fmt::format("{}: {} port {} of {} belongs to {} ({})", wish.field, to_string(key.proto), key.port.value,
                            to_string(key.addr), holder->second.name, plan::kind_name(holder->second.kind));
        unserved_.insert({key, {frontend.service, frontend.name, std::move(refusal)}});
    }
    if (!holder)
        frontends_.erase(key);
    else if (frontends_.entry(key) != holder)
        frontends_.put(holder);
}

std::set<Addr> Claims::vips() const {
    std::set<Addr> all;
    for (const auto& [addr, objects] : vips_)
        all.insert(all.end(), addr);
    return all;
}

// Of two Services with one port the first has it; the store has said so.
std::map<Port, plan::HealthCheck> Claims::health_checks() const {
    std::map<Port, plan::HealthCheck> checks;
    for (const auto& [name, check] : checks_)
        checks.try_emplace(check.port, plan::HealthCheck{name.ns, name.name, check.local});
    return checks;
}

}  // namespace beeline::compile
