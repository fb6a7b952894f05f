// bl_cgroups: whose sockets are translated, by what the configuration says of cgroups.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "kernel/map_io.h"
#include "kernel/options.h"

namespace beeline::kernel {

// By the cgroup's id, which is its directory's inode; the value is abi::CgroupSockets.
using CgroupRows = std::map<std::uint64_t, std::uint32_t>;

// One line for each of the directories that is none of a cgroup, which then counts for nothing.
std::vector<std::string> read_cgroups(const Options& options, CgroupRows& rows);
// Makes the map what `rows` says.
Result<> write_cgroups(MapIo& map, const CgroupRows& rows);

}  // namespace beeline::kernel
