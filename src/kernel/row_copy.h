// All rows of one map into another of the same layout.
#pragma once
#include "base/result.h"
#include "ebpf/raw_map.h"

namespace beeline::kernel {

// Nobody else writes either of them, or what is lost of it does not matter.
Result<> copy_rows(const ebpf::RawMap& from, const ebpf::RawMap& to);

}  // namespace beeline::kernel
