// The whole program behind main().
#pragma once
#include <string>
#include <vector>

#include "apps/cli/context.h"

namespace beeline::cli {

// The exit code; `args` without the program's name.
int run(std::vector<std::string> args, Io& io);

}  // namespace beeline::cli
