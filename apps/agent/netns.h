// Network namespaces by path.
#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"

namespace beeline::agent {

// The inode of the network namespace at a path. Errors: not_found, invalid (no network namespace, or the agent's
// own one), io.
Result<std::uint64_t> netns_inode(const std::string& path);

}  // namespace beeline::agent
