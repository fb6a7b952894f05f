// Running beelined for an answer while no agent runs.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"

namespace beeline::cli {

// The first executable of that name in `folders`. Errors: not_found.
Result<std::string> find_program(const std::string& name, const std::vector<std::string>& folders);

// The folder of this program, then those of PATH.
std::vector<std::string> program_folders(const std::string& path_variable);

// The standard output of a program, whatever its exit code. Errors: io (it could not be started).
Result<std::string> output_of(const std::string& program, const std::vector<std::string>& args);

}  // namespace beeline::cli
