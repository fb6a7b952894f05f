// Contiguous ranges of an array, with what is free kept merged. Best fit, lowest first.
#pragma once
#include <cstdint>
#include <map>

#include "base/result.h"

namespace beeline::kernel {

struct Range {
    std::uint32_t first = 0, count = 0;
    auto operator<=>(const Range&) const = default;
};

// The smallest range that has both.
Range around(const Range& a, const Range& b);
// Counted from the begin of `all`.
Range within(const Range& part, const Range& all);

class RangeAllocator {
public:
    // Hands out indexes first .. first + count - 1.
    explicit RangeAllocator(Range all) { release(all); }

    // count 0 gives {0, 0} and costs nothing. Error: exhausted, with how much is free in one piece.
    Result<Range> allocate(std::uint32_t count);
    // Take a range somebody is known to hold. Error: conflict, when part of it is taken or outside.
    Result<> reserve(Range range);
    void release(Range range);
    std::uint32_t free() const { return free_count_; }
    std::uint32_t largest() const;

private:
    std::map<std::uint32_t, std::uint32_t> free_{};  // first -> count, merged
    std::uint32_t free_count_ = 0;
};

}  // namespace beeline::kernel
