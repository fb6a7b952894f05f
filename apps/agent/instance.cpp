#include "apps/agent/instance.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace beeline::agent {

Result<Instance> Instance::claim(const std::string& run_dir) {
    std::error_code error;
    std::filesystem::create_directories(run_dir, error);
    if (error)
        return fail(Errc::io, fmt::format("{}: cannot make the folder: {}", run_dir, error.message()), error.value());
    const std::string lock_file = run_dir + "/beelined.lock", pid_file = run_dir + "/beelined.pid";
    Fd lock(open(lock_file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!lock) return fail(Errc::io, fmt::format("{}: {}", lock_file, strerror(errno)), errno);
    if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        std::string pid = read_file(pid_file, 64).value_or("");
        while (!pid.empty() && pid.back() == '\n')
            pid.pop_back();
        return fail(Errc::conflict, fmt::format("{}: another agent uses this run directory{}", run_dir,
                                                pid.empty() ? "" : " (pid " + pid + ")"));
    }
    CHECK(write_file(pid_file, fmt::format("{}\n", getpid())));
    return Instance(std::move(lock), pid_file);
}

Instance::~Instance() {
    if (lock_) unlink(pid_file_.c_str());
}

}  // namespace beeline::agent
