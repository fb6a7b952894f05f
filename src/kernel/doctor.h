// `beeline doctor`: can Beeline run here, and what falls back. Works without a started Kernel and changes nothing.
#pragma once
#include <vector>

#include "kernel/options.h"
#include "plan/inspect.h"

namespace beeline::kernel {

std::vector<plan::Check> doctor(const Options& options);

}  // namespace beeline::kernel
