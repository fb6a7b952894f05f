#include "apps/agent/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace beeline::agent {

Result<std::uint64_t> netns_inode(const std::string& path) {
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) {
        const int error = errno;
        const bool gone = error == ENOENT || error == ENOTDIR || error == ESRCH;
        return fail(gone ? Errc::not_found : Errc::io, fmt::format("{}: {}", path, strerror(error)), error);
    }
    struct statfs fs{};
    const bool is_ns = fstatfs(file.get(), &fs) == 0 && fs.f_type == NSFS_MAGIC;
    if (!is_ns || ioctl(file.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
        return fail(Errc::invalid, fmt::format("{}: is not a network namespace", path));
    struct stat info{};
    struct stat own{};
    if (fstat(file.get(), &info) != 0) return fail(Errc::io, fmt::format("{}: {}", path, strerror(errno)), errno);
    if (stat("/proc/self/ns/net", &own) == 0 && own.st_ino == info.st_ino)
        return fail(Errc::invalid, fmt::format("{}: is the node's own network namespace", path));
    return info.st_ino;
}

}  // namespace beeline::agent
