// One agent a directory of pins, whatever its run directory: the agent and its --cleanup hold the directory's lock.
#pragma once
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"

namespace beeline::kernel {

// Held as long as the descriptor lives: it ends with its process, also when that is killed. Errors: not_found (no such
// directory), conflict (with the other's pid, unless that is of a PID namespace that cannot be seen from here), io.
Result<Fd> lock_pins(const std::string& root);

// The process that has the flock() on `file` ("00:1a:42": device in hexadecimal digits, inode), from the text of
// /proc/locks. 0: none that can be seen.
int parse_lock_holder(std::string_view locks, std::string_view file);

}  // namespace beeline::kernel
