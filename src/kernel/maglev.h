// Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): a table that names a backend for every place, the same on
// every node that has the same backends, and nearly the same after one has come or gone.
#pragma once
#include <vector>

#include "base/result.h"
#include "kernel/turns.h"
#include "plan/plan.h"

namespace beeline::kernel {

// Prime, so that every step of a permutation meets every place. 32 KB a table. Shares of backends that weigh the same
// differ by one place at most: by 1 % with 160 of them, by more with more.
constexpr std::uint32_t maglev_places = 16381;

// Indexes of `backends`, one a place. What has which place follows from the set and its
// weights alone, whatever its order. No backend:
// no places. Errors: exhausted, more backends than places.
Result<Places> maglev_table(const std::vector<plan::Backend>& backends);

}  // namespace beeline::kernel
