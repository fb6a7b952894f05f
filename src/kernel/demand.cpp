#include "kernel/demand.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "abi/maps.h"
#include "kernel/maglev.h"

namespace beeline::kernel {
namespace {

constexpr const char* growing[] = {"bl_frontends", "bl_backends", "bl_members",  "bl_src_ranges", "bl_identities",
                                   "bl_endpoints", "bl_unmasked", "bl_nexthops", "bl_places",     "bl_policy"};

// What one frontend takes of each map. `both`: clients inside and outside have different backends. As many as the other
// ones are nearly always the same ones; to compare them all would take longer than anything else here.
struct Parts {
    std::size_t backends, members, tables;

    static Parts of(const plan::Frontend& frontend) {
        const std::size_t inside = frontend.backends.size();
        const std::size_t outside = frontend.outside ? frontend.outside->size() : 0;
        const bool both = inside != 0 && outside != 0 && inside != outside;
        const std::size_t backends = both ? inside + outside : std::max(inside, outside);
        return {backends, backends + frontend.draining.size(), both ? std::size_t{2} : std::size_t{1}};
    }
};

// Tables by which flows are spread: of maglev one size for all, else a place for each turn, at most.
std::size_t place_rows(const plan::Frontend& frontend) {
    std::size_t places = maglev_places;
    if (frontend.algorithm != abi::Algorithm::maglev) {
        const auto& list = frontend.backends.empty() && frontend.outside ? *frontend.outside : frontend.backends;
        const auto first = list.empty() ? std::uint16_t{1} : list.front().weight;
        const auto same = [first](const plan::Backend& backend) { return backend.weight == first; };
        if (std::ranges::all_of(list, same)) return 0;
        places = 0;
        for (const plan::Backend& backend : list)
            places += backend.weight;
        places = std::min(places, std::max(most_turns, list.size()));
    }
    return (places + abi::places_per_row - 1) / abi::places_per_row;
}

class Count {
public:
    void add(const std::string& map, std::size_t rows) { rows_[map] += rows; }
    void add(const char* map, const Addr& addr, std::size_t rows) {
        add(map + std::string(addr.v4() ? "4" : "6"), rows);
    }
    RowCounts take() const {
        RowCounts all;
        for (const auto& [map, rows] : rows_)
            all[map] = static_cast<std::uint32_t>(std::min<std::size_t>(rows, most_rows));
        return all;
    }

private:
    std::map<std::string, std::size_t> rows_{};
};

// Pieces are contiguous: the largest one must find a place beside itself.
class Pieces {
public:
    void add(std::size_t rows, int one) {
        if (rows == 0) return;
        all_ += one > 0 ? rows : -rows;
        if ((sizes_[rows] += one) == 0) sizes_.erase(rows);
    }
    std::size_t rows() const { return sizes_.empty() ? 0 : all_ + sizes_.rbegin()->first; }

private:
    std::size_t all_ = 0;
    std::map<std::size_t, int> sizes_{};  // and how many there are
};

// Endpoints with equal rules share them.
void count_endpoints(const plan::Plan& plan, Count& count) {
    const auto less = [](const auto* a, const auto* b) { return *a < *b; };
    std::set<const std::vector<plan::PolicyEntry>*, decltype(less)> sets(less);
    for (const auto& [id, endpoint] : plan.endpoints) {
        for (const auto& addr : {endpoint.addr4, endpoint.addr6})
            if (addr) count.add("bl_endpoints", *addr, 1);
        if (sets.insert(&endpoint.policy.entries).second) count.add("bl_policy", endpoint.policy.entries.size());
    }
}

void count_addresses(const plan::Identities& identities, Count& count) {
    std::size_t v4 = 0;
    for (const auto& [addr, identity] : identities)
        v4 += addr.v4() ? 1 : 0;
    count.add("bl_identities4", v4);
    count.add("bl_identities6", identities.size() - v4);
}

std::uint32_t power_above(std::uint64_t rows) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(std::bit_ceil(rows), most_rows));
}

}  // namespace

bool grows_by_demand(std::string_view map) {
    const bool partner = std::ranges::any_of(row_partners, [&](const RowPartner& pair) { return map == pair.map; });
    if (map.ends_with('4') || map.ends_with('6')) map.remove_suffix(1);
    return partner || std::ranges::find(growing, map) != std::end(growing);
}

struct Demand::Frontends {
    struct Sums {
        std::size_t frontends = 0, members = 0, ranges = 0;
        Pieces backends{};
    } sums[2];
    Pieces places{};
    plan::Frontends counted{};

    // `one`: 1, or -1 for what is not there any more.
    void add(const plan::FrontendKey& key, const plan::Frontend& frontend, int one) {
        const auto times = static_cast<std::size_t>(one);
        const Parts parts = Parts::of(frontend);
        Sums& sum = sums[key.addr.v4() ? 0 : 1];
        sum.frontends += times;
        sum.members += times * parts.members;
        sum.ranges += times * frontend.source_ranges.size();
        sum.backends.add(parts.backends, one);
        for (std::size_t table = 0; parts.backends > 1 && table < parts.tables; table++)
            places.add(place_rows(frontend), one);
    }
    void count(const plan::Frontends& frontends) {
        each_difference(counted, frontends, [this](const auto* old, const auto* fresh) {
            if (old != nullptr) add(old->first, old->second, -1);
            if (fresh != nullptr) add(fresh->first, fresh->second, 1);
        });
        counted = frontends;
    }
    void tell(Count& count) const {
        for (const char* family : {"4", "6"}) {
            const Sums& sum = sums[*family == '4' ? 0 : 1];
            count.add(std::string("bl_frontends") + family, sum.frontends);
            count.add(std::string("bl_members") + family, sum.members);
            count.add(std::string("bl_src_ranges") + family, sum.ranges);
            count.add(std::string("bl_backends") + family, sum.backends.rows());
        }
        count.add("bl_places", places.rows());
    }
};

Demand::Demand() : frontends_(std::make_unique<Frontends>()) {}
Demand::~Demand() = default;

RowCounts Demand::of(const plan::Plan& plan) {
    Count count;
    frontends_->count(plan.frontends);
    frontends_->tell(count);
    count_endpoints(plan, count);
    for (const Addr& addr : plan.vips)
        count.add("bl_frontends", addr, 1);
    count_addresses(plan.identities, count);
    for (const Prefix& prefix : plan.unmasked)
        count.add("bl_unmasked", prefix.addr, 1);
    return count.take();
}

RowCounts rows_needed(const plan::Plan& plan) {
    return Demand().of(plan);
}

RowCounts larger_sizes(const RowCounts& needed, const SizeOf& size) {
    RowCounts larger;
    for (const auto& [map, rows] : needed) {
        const std::uint32_t now = size(map), roomy = power_above(std::uint64_t{rows} * 2);
        const bool tight = std::uint64_t{rows} * 5 / 4 > now;
        if (now != 0 && tight && roomy > now) larger[map] = roomy;
    }
    return larger;
}

RowCounts doubled_sizes(const std::set<std::string>& full, const SizeOf& size) {
    RowCounts larger;
    for (const std::string& map : full)
        if (const std::uint32_t now = size(map); now != 0 && now < most_rows)
            larger[map] = power_above(std::uint64_t{now} + 1);
    return larger;
}

void size_for(const plan::Plan& plan, const SizeOf& there, std::map<std::string, std::uint32_t>& sizes) {
    std::map<std::string, std::uint32_t> start{
#define X(name, kind, key, value, entries, writer) {#name, entries},
        BEELINE_MAPS(X)
#undef X
    };
    for (const auto& [map, entries] : sizes)
        start[map] = entries;
    const auto size = [&](const std::string& map) { return std::max(start[map], there(map)); };
    for (const auto& [map, entries] : larger_sizes(rows_needed(plan), size))
        sizes[map] = entries;
}

std::string growth_text(const RowCounts& sizes) {
    std::string text;
    for (const auto& [map, rows] : sizes)
        text += fmt::format("{}{} grows to {} entries", text.empty() ? "" : ", ", map, rows);
    return text;
}

}  // namespace beeline::kernel
