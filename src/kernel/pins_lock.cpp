#include "kernel/pins_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

namespace beeline::kernel {
namespace {

std::unexpected<Error> fail_io(const std::string& root) {
    return fail(errno == ENOENT ? Errc::not_found : Errc::io, fmt::format("{}: {}", root, std::strerror(errno)), errno);
}

std::unexpected<Error> held_by_another(const std::string& root, const struct stat& directory) {
    std::ostringstream locks;
    locks << std::ifstream("/proc/locks").rdbuf();
    const auto file =
        fmt::format("{:02x}:{:02x}:{}", major(directory.st_dev), minor(directory.st_dev), directory.st_ino);
    const int pid = parse_lock_holder(locks.str(), file);
    return fail(Errc::conflict,
                fmt::format("{}: another agent uses these pins{}", root, pid > 0 ? fmt::format(" (pid {})", pid) : ""));
}

}  // namespace

// A BPF file system holds no ordinary files: the lock is the directory's own.
Result<Fd> lock_pins(const std::string& root) {
    Fd directory(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat locked{}, now{};
    if (!directory || ::fstat(directory.get(), &locked) != 0) return fail_io(root);
    if (::flock(directory.get(), LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? held_by_another(root, locked) : fail_io(root);
    // A cleanup that ended just now took the directory away: who comes next locks another one.
    if (::stat(root.c_str(), &now) != 0) return fail_io(root);
    if (now.st_ino != locked.st_ino || now.st_dev != locked.st_dev)
        return fail(Errc::conflict, root + ": the directory was replaced while it was locked");
    return directory;
}

// "1: FLOCK  ADVISORY  WRITE 20758 00:16:5096 0 EOF"; who waits has "->" after the number.
int parse_lock_holder(std::string_view locks, std::string_view file) {
    std::istringstream lines{std::string(locks)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string number, kind, mode, access, inode;
        int pid = 0;
        if (words >> number >> kind >> mode >> access >> pid >> inode && kind == "FLOCK" && inode == file) return pid;
    }
    return 0;
}

}  // namespace beeline::kernel
