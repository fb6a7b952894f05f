// What the kernel says about frontends, as values.
#include <algorithm>

#include "kernel/frontends_apply.h"

namespace beeline::kernel {

template <class F>
FrontendView FrontendsApply<F>::view_of(const Key& key, const abi::Frontend& row) const {
    FrontendView seen;
    seen.service = row.service;
    seen.elsewhere = (row.flags & abi::front_elsewhere) != 0;
    seen.direct = (row.flags & abi::front_direct) != 0;
    seen.affinity_seconds = row.affinity_seconds;
    seen.algorithm = static_cast<abi::Algorithm>(row.algorithm);
    seen.source_ranges = ranges_.of(key);
    if ((row.flags & abi::front_outside) != 0) seen.outside.emplace();
    auto placed = placed_.find(key);
    if (placed == placed_.end()) return seen;
    seen.backends = part_of(placed->second, placed->second.inside);
    std::ranges::sort(seen.backends);
    if (seen.outside) seen.outside = part_of(placed->second, placed->second.outside);
    if (seen.outside) std::ranges::sort(*seen.outside);
    for (const auto& [member, uses] : members_of(key))
        if (uses == 0) seen.draining.push_back({value_addr(member.backend), value_port(member.backend_port), false, 1});
    return seen;
}

template <class F>
std::map<plan::FrontendKey, FrontendView> FrontendsApply<F>::view() const {
    std::map<plan::FrontendKey, FrontendView> view;
    for (const auto& [key, row] : frontends_.rows())
        view[value_key(key)] = view_of(key, row);
    return view;
}

template FrontendView FrontendsApply<V4>::view_of(const Key& key, const abi::Frontend& row) const;
template FrontendView FrontendsApply<V6>::view_of(const Key& key, const abi::Frontend& row) const;
template std::map<plan::FrontendKey, FrontendView> FrontendsApply<V4>::view() const;
template std::map<plan::FrontendKey, FrontendView> FrontendsApply<V6>::view() const;

}  // namespace beeline::kernel
