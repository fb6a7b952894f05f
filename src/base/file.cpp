#include "base/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace beeline {
namespace {

std::unexpected<Error> failed(const char* verb, const std::string& path) {
    const int error = errno;
    return fail(error == ENOENT ? Errc::not_found : Errc::io, fmt::format("{} {}: {}", verb, path, strerror(error)),
                error);
}

Result<> write_all(int fd, std::string_view content, const std::string& path) {
    while (!content.empty()) {
        const ssize_t n = ::write(fd, content.data(), content.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed("write", path);
        content.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

// A rename is durable once the folder that holds the name is.
Result<> sync_folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    const std::string folder = slash == path.npos ? "." : path.substr(0, slash + 1);
    const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd || fsync(fd.get()) != 0) return failed("sync", folder);
    return {};
}

Result<> write_and_rename(const std::string& temporary, const std::string& path, std::string_view content,
                          mode_t mode) {
    const Fd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return failed("create", temporary);
    CHECK(write_all(fd.get(), content, temporary));
    if (fsync(fd.get()) != 0) return failed("sync", temporary);
    if (rename(temporary.c_str(), path.c_str()) != 0) return failed("rename to", path);
    return {};
}

}  // namespace

Fd::~Fd() {
    if (fd_ >= 0) close(fd_);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
    // Not blocking: a pipe under this name must not stop the reader.
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) return failed("read", path);
    struct stat status{};
    if (fstat(fd.get(), &status) != 0) return failed("read", path);
    if (!S_ISREG(status.st_mode)) return fail(Errc::invalid, fmt::format("read {}: not a regular file", path));
    std::string content;
    // One byte more than promised tells a file that grew (and files of /proc, whose size is 0) from its end.
    std::size_t room = static_cast<std::size_t>(status.st_size) + 1;
    for (std::size_t used = 0;;) {
        if (used == room) room *= 2;
        content.resize(room = std::min(std::max(room, std::size_t{512}), limit + 1));
        const ssize_t n = ::read(fd.get(), content.data() + used, room - used);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failed("read", path);
        used += static_cast<std::size_t>(n);
        if (used > limit) return fail(Errc::invalid, fmt::format("read {}: longer than {} bytes", path, limit));
        if (n > 0) continue;
        content.resize(used);
        return content;
    }
}

Result<> write_file(const std::string& path, std::string_view content, mode_t mode) {
    const auto slash = path.rfind('/');
    const std::size_t name = slash == path.npos ? 0 : slash + 1;
    const std::string temporary = fmt::format("{}.{}.{}.tmp", path.substr(0, name), path.substr(name), getpid());
    if (auto written = write_and_rename(temporary, path, content, mode); !written) {
        unlink(temporary.c_str());
        return written;
    }
    return sync_folder_of(path);
}

}  // namespace beeline
