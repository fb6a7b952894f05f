// bl_sources4/6: with which addresses of the node masqueraded flows leave.
#pragma once
#include "kernel/datapath.h"
#include "kernel/network_rows.h"

namespace beeline::kernel {

// The first abi::source_rows addresses of each family, by value.
Result<> write_sources(const Datapath& datapath, const NetworkRows& rows);

}  // namespace beeline::kernel
