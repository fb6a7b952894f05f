// The mount table of this mount namespace. Internal to this library.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ebpf/result.h"

namespace ebpf {

// The mount point in a line of /proc/self/mountinfo (proc(5)) if its file system is of this type.
std::optional<std::string> mount_point_of(std::string_view line, std::string_view type);
// Where a file system of this type, cgroup2 or bpf, is mounted; of several mounts the first that none hides.
// Errc::not_found.
Result<std::string> mounted_path(std::string_view type);

}  // namespace ebpf
