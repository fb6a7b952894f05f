#include "kernel/range_allocator.h"

#include <fmt/format.h>

#include <algorithm>

namespace beeline::kernel {

Range around(const Range& a, const Range& b) {
    if (a.count == 0 || b.count == 0) return a.count == 0 ? b : a;
    const std::uint32_t first = std::min(a.first, b.first);
    return {first, std::max(a.first + a.count, b.first + b.count) - first};
}

Range within(const Range& part, const Range& all) {
    return part.count == 0 ? Range{} : Range{part.first - all.first, part.count};
}

std::uint32_t RangeAllocator::largest() const {
    std::uint32_t most = 0;
    for (const auto& [first, count] : free_)
        most = std::max(most, count);
    return most;
}

Result<Range> RangeAllocator::allocate(std::uint32_t count) {
    if (count == 0) return Range{};
    auto best = free_.end();
    for (auto it = free_.begin(); it != free_.end(); ++it) {
        if (it->second < count) continue;
        if (best == free_.end() || it->second < best->second) best = it;
    }
    if (best == free_.end())
        return fail(Errc::exhausted, fmt::format("no {} rows in one piece: {} free, {} at most together", count,
                                                 free_count_, largest()));
    const Range range{best->first, count};
    CHECK(reserve(range));
    return range;
}

Result<> RangeAllocator::reserve(Range range) {
    if (range.count == 0) return {};
    auto it = free_.upper_bound(range.first);
    const bool before = it != free_.begin();
    if (before) --it;
    const std::uint64_t end = std::uint64_t{range.first} + range.count;
    if (!before || end > std::uint64_t{it->first} + it->second)
        return fail(Errc::conflict, fmt::format("rows {} to {} are taken", range.first, end - 1));
    const Range hole{it->first, it->second};
    free_.erase(it);
    if (hole.first < range.first) free_[hole.first] = range.first - hole.first;
    if (hole.first + hole.count > end)
        free_[static_cast<std::uint32_t>(end)] = hole.first + hole.count - static_cast<std::uint32_t>(end);
    free_count_ -= range.count;
    return {};
}

void RangeAllocator::release(Range range) {
    if (range.count == 0) return;
    free_count_ += range.count;
    auto next = free_.lower_bound(range.first);
    if (next != free_.end() && range.first + range.count == next->first) {
        range.count += next->second;
        next = free_.erase(next);
    }
    if (next != free_.begin()) {
        auto previous = std::prev(next);
        if (previous->first + previous->second == range.first) {
            previous->second += range.count;
            return;
        }
    }
    free_[range.first] = range.count;
}

}  // namespace beeline::kernel
