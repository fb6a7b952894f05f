#include "store/cluster_ips.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "store/allocator.h"

namespace beeline::store {
namespace {

using Refusal = std::unexpected<model::Problem>;

Refusal refuse(std::string field, std::string value, std::string reason) {
    model::Problem problem;
    problem.field = std::move(field);
    problem.value = std::move(value);
    problem.reason = std::move(reason);
    return Refusal(std::move(problem));
}

const char* family_name(Family family) {
    return family == Family::v4 ? "IPv4" : "IPv6";
}

// These three have no address that we serve.
bool unserved(const model::Service& service) {
    return service.headless || service.foreign_proxy || service.type == model::Service::Type::external_name;
}

const Addr* of_family(const std::vector<Addr>& addrs, Family family) {
    const auto it = std::ranges::find(addrs, family, &Addr::family);
    return it == addrs.end() ? nullptr : &*it;
}

template <class T>
void add_unique(std::vector<T>& list, const T& value) {
    if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

// Kubernetes' static band: min(max(16, size / 16), 256) addresses at the lower end, none in tiny ranges.
std::uint64_t static_band(const Usable& range) {
    const std::uint64_t size = range.last - range.first + 1;
    return size < 16 ? 0 : std::min<std::uint64_t>(std::max<std::uint64_t>(16, size / 16), 256);
}

}  // namespace

// One Service on its way. Ranks order who is asked first: 0 keeps what it holds, 1 holds something and changes,
// 2 is remembered, 3 the rest.
struct ClusterIps::Work {
    Request* request;
    std::vector<Family> families{};
    std::vector<Addr> fixed{};  // must have: named by the manifest, or held
    std::vector<Addr> soft{};   // would like to have: remembered, or served by another proxy
    std::vector<Addr> got{};    // of `soft`
    std::vector<Addr> held{};
    int rank = 3;
    bool allocates = false;  // may need addresses beyond `fixed`; keeps `held` until it has them
    bool refused = false;
    const model::Name& name() const { return request->name; }
    const model::Service& wanted() const { return *request->wanted; }
};

const Prefix* ClusterIps::cidr(Family family) const {
    for (const Prefix& prefix : cidrs_)
        if (prefix.addr.family == family) return &prefix;
    return nullptr;
}

// Named addresses first (they decide the order), then named families, then what the policy adds.
std::vector<Family> ClusterIps::families_of(const model::Service& service) const {
    std::vector<Family> families;
    for (const Addr& addr : service.cluster_ips)
        add_unique(families, addr.family);
    for (const Family family : service.families)
        add_unique(families, family);
    const bool single = service.family_policy == model::Service::FamilyPolicy::single;
    for (const Prefix& prefix : cidrs_)
        if (families.empty() || !single) add_unique(families, prefix.addr.family);
    return families;
}

std::expected<void, model::Problem> ClusterIps::check(const model::Service& service,
                                                      const std::vector<Family>& families) const {
    if (families.empty()) return refuse("spec.clusterIP", "", "must be given: this node has no service CIDR");
    if (service.family_policy == model::Service::FamilyPolicy::require_dual && families.size() < 2)
        return refuse("spec.ipFamilyPolicy", "RequireDualStack", "needs a service CIDR of each family");
    for (const Family family : families)
        if (cidr(family) == nullptr && of_family(service.cluster_ips, family) == nullptr)
            return refuse("spec.ipFamilies", family_name(family), "has no service CIDR on this node");
    for (const Addr& addr : service.cluster_ips) {
        if (std::ranges::count(service.cluster_ips, addr.family, &Addr::family) > 1)
            return refuse("spec.clusterIPs", to_string(addr), "is one of two addresses of the same family");
        const Prefix* range = cidr(addr.family);
        if (range == nullptr) continue;
        if (!range->contains(addr))
            return refuse("spec.clusterIP", to_string(addr), "is outside the service CIDR " + to_string(*range));
        const auto offset = offset_in(*range, addr);
        const Usable bounds = usable(*range);
        const bool broadcast = addr.v4() && offset && *offset > bounds.last;
        if ((offset && *offset < bounds.first) || broadcast)
            return refuse(
                "spec.clusterIP", to_string(addr),
                "is the first or last address of the service CIDR " + to_string(*range) + ", which nobody may have");
    }
    return {};
}

ClusterIps::Work ClusterIps::draft(Request& request) const {
    Work work{.request = &request};
    const model::Service& service = *request.wanted;
    if (const auto it = held_.find(request.name); it != held_.end()) work.held = it->second;
    if (unserved(service)) {
        if (service.foreign_proxy) work.soft = service.cluster_ips;
        return work;
    }
    work.families = families_of(service);
    if (auto good = check(service, work.families); !good) {
        request.ips = Refusal(std::move(good).error());
        work.refused = true;
        return work;
    }
    work.rank = work.held.empty() ? 3 : 0;
    for (const Family family : work.families)
        draft_family(work, family);
    if (work.held.empty() && remembered_.contains(request.name)) work.rank = 2;
    return work;
}

void ClusterIps::draft_family(Work& work, Family family) const {
    const Addr* named = of_family(work.wanted().cluster_ips, family);
    const Addr* held = of_family(work.held, family);
    if (held == nullptr || (named != nullptr && *named != *held)) work.rank = std::max(work.rank, 1);
    if (named != nullptr || held != nullptr) {
        work.fixed.push_back(named != nullptr ? *named : *held);
        return;
    }
    work.allocates = true;
    const auto memory = remembered_.find(work.name());
    const Addr* old = memory == remembered_.end() ? nullptr : of_family(memory->second, family);
    if (old != nullptr) work.soft.push_back(*old);
}

const model::Name* ClusterIps::other_owner(const Addr& addr, const Work& work) const {
    const auto owner = owners_.find(addr);
    return owner == owners_.end() || owner->second == work.name() ? nullptr : &owner->second;
}

// Returns false if a refusal took back an address that somebody was just promised: begin again.
bool ClusterIps::claim_fixed(Work& work, std::map<Addr, model::Name>& claimed) {
    for (const Addr& addr : work.fixed) {
        const auto promised = claimed.find(addr);
        const model::Name* owner = promised != claimed.end() ? &promised->second : other_owner(addr, work);
        if (owner == nullptr) continue;
        work.refused = true;
        work.request->ips =
            refuse("spec.clusterIP", to_string(addr), "is the address of Service " + to_string(*owner) + " already");
        break;
    }
    if (!work.refused) {
        for (const Addr& addr : work.fixed)
            claimed.emplace(addr, work.name());
        return true;
    }
    bool clean = true;
    for (const Addr& addr : work.held) {
        owners_.emplace(addr, work.name());
        clean = clean && !claimed.contains(addr);
    }
    return clean;
}

void ClusterIps::claim_soft(Work& work, std::map<Addr, model::Name>& claimed) const {
    work.got.clear();
    for (const Addr& addr : work.soft) {
        const Prefix* range = cidr(addr.family);
        const bool fits = work.wanted().foreign_proxy || (range != nullptr && range->contains(addr));
        if (fits && other_owner(addr, work) == nullptr && claimed.emplace(addr, work.name()).second)
            work.got.push_back(addr);
    }
}

bool ClusterIps::claim_all(Works& works) {
    std::map<Addr, model::Name> claimed;
    for (Work& work : works) {
        if (work.refused) continue;
        if (!claim_fixed(work, claimed)) return false;
        if (!work.refused) claim_soft(work, claimed);
    }
    return true;
}

void ClusterIps::settle(std::vector<Request>& requests) {
    Works works;
    works.reserve(requests.size());
    for (Request& request : requests)
        works.push_back(draft(request));
    std::ranges::sort(works, {}, [](const Work& w) { return std::pair(w.rank, w.request->order); });
    for (const Work& work : works)
        if (!work.refused && !work.allocates)
            for (const Addr& addr : work.held)
                owners_.erase(addr);
    while (!claim_all(works)) {
    }
    for (Work& work : works)
        if (!work.refused) commit(work);
    for (Work& work : works)
        if (!work.refused && work.allocates) allocate_missing(work);
}

// Enters what was claimed. Who still has to allocate keeps what it held as well: it may yet be refused.
void ClusterIps::commit(Work& work) {
    std::vector<Addr> ips = work.fixed;
    ips.insert(ips.end(), work.got.begin(), work.got.end());
    if (!work.allocates) release(work.name());
    for (const Addr& addr : ips)
        owners_[addr] = work.name();
    if (work.allocates) return;
    if (!ips.empty()) held_[work.name()] = ips;
    ++version_;
    if (!unserved(work.wanted())) {
        work.request->ips = std::move(ips);
    } else if (work.wanted().foreign_proxy) {
        work.request->ips = work.wanted().cluster_ips;
    }
}

void ClusterIps::allocate_missing(Work& work) {
    std::vector<Addr> claimed = work.fixed;
    claimed.insert(claimed.end(), work.got.begin(), work.got.end());
    std::vector<Addr> ips;
    for (const Family family : work.families) {
        const Addr* have = of_family(claimed, family);
        auto addr = have != nullptr ? *have : pick(work.name(), family);
        if (addr) {
            ips.push_back(*addr);
            continue;
        }
        work.request->ips = Refusal(std::move(addr).error());
        for (const Addr& taken : claimed)
            if (std::ranges::find(work.held, taken) == work.held.end()) owners_.erase(taken);
        return;
    }
    release(work.name());
    for (const Addr& addr : ips)
        owners_[addr] = work.name();
    held_[work.name()] = ips;
    ++version_;
    work.request->ips = std::move(ips);
}

// Above the static band first, then in it.
std::optional<Addr> ClusterIps::first_free(const model::Name& name, Family family, bool also_reserved) const {
    const Prefix& range = *cidr(family);
    const Usable bounds = usable(range);
    const std::uint64_t band = bounds.first + static_band(bounds);
    const std::uint64_t hash = fnv1a(to_string(name));
    for (const auto& [first, last] : {Usable{band, bounds.last}, Usable{bounds.first, band - 1}}) {
        const std::uint64_t size = last + 1 - first;
        for (std::uint64_t i = 0; i < size; ++i) {
            const Addr addr = range.at(first + (hash + i) % size);
            if (!owners_.contains(addr) && (also_reserved || !reserved_.contains(addr))) return addr;
        }
    }
    return std::nullopt;
}

std::expected<Addr, model::Problem> ClusterIps::pick(const model::Name& name, Family family) {
    if (!full_.contains(family)) {
        if (auto addr = first_free(name, family, false)) return *addr;
        if (auto addr = first_free(name, family, true)) return *addr;
        full_.insert(family);
    }
    const Usable bounds = usable(*cidr(family));
    return refuse("spec.clusterIP", "",
                  fmt::format("cannot be allocated: all {} addresses of {} are in use", bounds.last + 1 - bounds.first,
                              to_string(*cidr(family))));
}

void ClusterIps::release(const model::Name& name) {
    if (const auto it = held_.find(name); it != held_.end()) {
        full_.clear();
        ++version_;
        for (const Addr& addr : it->second)
            if (const auto owner = owners_.find(addr); owner != owners_.end() && owner->second == name)
                owners_.erase(owner);
        held_.erase(it);
    }
    if (const auto it = remembered_.find(name); it != remembered_.end()) {
        for (const Addr& addr : it->second)
            reserved_.erase(addr);
        remembered_.erase(it);
    }
}

void ClusterIps::remember(const model::Name& name, const std::vector<Addr>& ips) {
    remembered_[name] = ips;
    for (const Addr& addr : ips)
        reserved_.emplace(addr, name);
}

ClusterIpTable ClusterIps::table() const {
    return {held_.begin(), held_.end()};
}

}  // namespace beeline::store
