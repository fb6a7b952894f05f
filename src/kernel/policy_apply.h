// Policy sets: bl_policy. Endpoints with equal rules share a set; a set is written whole under a new id before an
// endpoint's row names it, and never changed. Ids grow, so none is reused while anybody could remember it.
#pragma once
#include <map>
#include <set>
#include <vector>

#include "abi/policy.h"
#include "kernel/table.h"
#include "plan/plan.h"

namespace beeline::kernel {

class PolicySets {
public:
    using Entries = std::vector<plan::PolicyEntry>;

    explicit PolicySets(MapIo& rows) : rows_(rows) {}
    Result<> load();
    // The `policy` word of an endpoint whose word is `current` now (0: none). Takes an id if no set has these
    // entries; its rows are written by write().
    abi::u64 word(const plan::PolicySet& want, abi::u64 current);
    Result<> write(std::uint32_t set);  // nothing to do for a set that is there
    // Removes sets whose id is not in `used`; only after a grace period without pointers to them.
    Result<> collect(const std::set<std::uint32_t>& used);
    bool idle(const std::set<std::uint32_t>& used) const;  // collect() would remove something
    Entries entries(std::uint32_t set) const;              // ordered; empty for set 0 and unknown ones

private:
    std::uint32_t new_id();
    Table<abi::PolicyKey, abi::PolicyRow> rows_;
    std::map<std::uint32_t, Entries> sets_{};
    std::map<Entries, std::uint32_t> ids_{};
    std::set<std::uint32_t> unwritten_{};
    std::uint32_t last_id_ = 0;
};

}  // namespace beeline::kernel
