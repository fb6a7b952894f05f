// How many rows the maps that the agent writes must have. They start small and are made anew, larger, when a plan needs
// it (docs/datapath/services.md).
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "plan/plan.h"

namespace beeline::kernel {

using RowCounts = std::map<std::string, std::uint32_t, std::less<>>;  // by map

// No map becomes larger: what does not fit then is refused.
constexpr std::uint32_t most_rows = 1u << 22;

// Maps that grow with what the plan has, and those that have as many rows as one of them.
bool grows_by_demand(std::string_view map);
struct RowPartner {
    const char *map, *as;
};
inline constexpr RowPartner row_partners[] = {{"bl_loads4", "bl_backends4"}, {"bl_loads6", "bl_backends6"}};

// Of the maps above, about as many rows as `plan` takes. What is left out is a matter of a few rows: there is room to
// spare in larger_sizes(), and a map that is full all the same grows by itself.
RowCounts rows_needed(const plan::Plan& plan);

// The same for one plan after the other: frontends are counted once.
class Demand {
public:
    Demand();
    ~Demand();
    RowCounts of(const plan::Plan& plan);

private:
    struct Frontends;
    std::unique_ptr<Frontends> frontends_;
};

// Sizes of those that are too small, by their sizes now (0: there is no such map). Twice as many rows as needed, so
// that everything can be written anew beside what is there.
using SizeOf = std::function<std::uint32_t(const std::string& map)>;
RowCounts larger_sizes(const RowCounts& needed, const SizeOf& size);
// The next size of maps that were full.
RowCounts doubled_sizes(const std::set<std::string>& full, const SizeOf& size);

// Of what is pinned there.
SizeOf pinned_sizes(const std::string& bpffs);

// Before a start: sizes of maps that are to be made, beside those asked for, so that this plan finds room. `there`: of
// those that an earlier agent has made (0: none), which stay if there is room in them.
void size_for(const plan::Plan& plan, const SizeOf& there, std::map<std::string, std::uint32_t>& sizes);

// "bl_members4 grows to 65536 entries, …"
std::string growth_text(const RowCounts& sizes);

}  // namespace beeline::kernel
