// One agent a run directory: an advisory lock for as long as the process lives, and its pid for people.
#pragma once
#include <string>

#include "base/file.h"

namespace beeline::agent {

class Instance {
public:
    // Makes the run directory if there is none. Errors: conflict (another agent runs, with its pid), io.
    static Result<Instance> claim(const std::string& run_dir);
    Instance(Instance&&) = default;
    ~Instance();  // removes the pid file

private:
    Instance(Fd lock, std::string pid_file) : lock_(std::move(lock)), pid_file_(std::move(pid_file)) {}
    Fd lock_;
    std::string pid_file_;
};

}  // namespace beeline::agent
