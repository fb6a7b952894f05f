// Is everything in the kernel still as it was left?
#include "kernel/frontends_apply.h"

namespace beeline::kernel {

template <class F>
Result<bool> FrontendsApply<F>::is_placed_as_known(const Placed& placed) const {
    for (std::uint32_t i = 0; i < placed.range.count; i++) {
        const std::uint32_t index = placed.range.first + i;
        Backend backend{};
        const bool there = TRY(backends_.lookup(bytes_of(index), writable_bytes_of(backend)));
        if (!there || !same_bytes(backend, placed.backends[i])) return false;
    }
    return places_.is_as_known(placed.tables);
}

template <class F>
Result<bool> FrontendsApply<F>::is_as_known(const Key& key, std::size_t& rows) const {
    rows++;
    if (!TRY(frontends_.is_as_known(key)) || !TRY(ranges_.is_as_known(key))) return false;
    const auto members = members_of(key);
    rows += members.size();
    for (const auto& [member, uses] : members)
        if (!TRY(members_.is_as_known(member))) return false;
    const auto placed = placed_.find(key);
    if (placed == placed_.end()) return true;
    rows += placed->second.range.count;
    for (const Range& table : placed->second.tables.rows())
        rows += table.count;
    return is_placed_as_known(placed->second);
}

template <class F>
Result<CheckStep> FrontendsApply<F>::check(std::size_t rows) {
    if (!checked_ && !TRY(frontends_.knows_all())) return CheckStep::differs;
    const auto& all = frontends_.rows();
    std::size_t seen = 0;
    for (auto it = checked_ ? all.upper_bound(*checked_) : all.begin(); it != all.end(); ++it) {
        if (seen >= rows) return CheckStep::more;
        if (!TRY(is_as_known(it->first, seen))) return CheckStep::differs;
        checked_ = it->first;
    }
    checked_.reset();
    return CheckStep::finished;
}

template Result<bool> FrontendsApply<V4>::is_placed_as_known(const Placed& placed) const;
template Result<bool> FrontendsApply<V6>::is_placed_as_known(const Placed& placed) const;
template Result<bool> FrontendsApply<V4>::is_as_known(const Key& key, std::size_t& rows) const;
template Result<bool> FrontendsApply<V6>::is_as_known(const Key& key, std::size_t& rows) const;
template Result<CheckStep> FrontendsApply<V4>::check(std::size_t rows);
template Result<CheckStep> FrontendsApply<V6>::check(std::size_t rows);

}  // namespace beeline::kernel
