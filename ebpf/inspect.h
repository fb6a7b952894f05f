// Everything the kernel has, by id, whoever made it. Needs CAP_SYS_ADMIN. Objects that go during the walk are left out.
#pragma once
#include <vector>

#include "ebpf/link.h"
#include "ebpf/program.h"
#include "ebpf/raw_map.h"

namespace ebpf {

// Ordered by id.
Result<std::vector<ProgramInfo>> list_programs();
Result<std::vector<MapInfo>> list_maps();
Result<std::vector<LinkInfo>> list_links();

}  // namespace ebpf
