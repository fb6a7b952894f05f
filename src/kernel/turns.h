// Whose turn is it? Backends take turns as often as they weigh, each one's spread evenly among the others'.
#pragma once
#include <span>
#include <vector>

#include "abi/types.h"
#include "base/result.h"

namespace beeline::kernel {

// Indexes of backends, one a place of a table.
using Places = std::vector<abi::u16>;

// More turns than this make no better shares; there are never fewer than backends.
constexpr std::size_t most_turns = 4096;

// One round: indexes of `weights`, in the order of their turns. Exact while the weights, without their common divisor,
// sum up to most_turns; above that rounded, to one turn at least. A weight of 0 counts as 1.
Places turns_of(std::span<const std::uint16_t> weights);

}  // namespace beeline::kernel
