#include "kernel/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

namespace beeline::kernel {

Result<std::optional<Fd>> open_netns(const std::string& path, std::uint64_t inode) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        const int error = errno;
        if (error == ENOENT || error == ESRCH || error == ENOTDIR) return std::nullopt;
        return fail(Errc::io, fmt::format("{}: open: {}", path, std::strerror(error)), error);
    }
    struct stat info{};
    if (::fstat(fd.get(), &info) < 0) return fail(Errc::io, path + ": fstat: " + std::strerror(errno), errno);
    if (inode != 0 && info.st_ino != inode) return std::nullopt;
    if (::ioctl(fd.get(), NS_GET_NSTYPE) != CLONE_NEWNET)
        return fail(Errc::invalid, path + " is not a network namespace");
    return std::optional(std::move(fd));
}

Result<> in_netns(const Fd& netns, const std::function<Result<>()>& work) {
    Result<> result;
    std::thread([&] {
        if (::setns(netns.get(), CLONE_NEWNET) < 0)
            result = fail(Errc::kernel, fmt::format("enter network namespace: {}", std::strerror(errno)), errno);
        else
            result = work();
    }).join();
    return result;
}

Result<std::string> read_sysctl(const std::string& name) {
    const std::string path = "/proc/sys/" + name;
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return fail(errno == ENOENT ? Errc::not_found : Errc::io, path + ": " + std::strerror(errno), errno);
    char text[256];
    const ssize_t length = ::read(fd.get(), text, sizeof text);
    if (length < 0) return fail(Errc::io, path + ": " + std::strerror(errno), errno);
    std::string value(text, static_cast<std::size_t>(length));
    if (value.ends_with('\n')) value.pop_back();
    return value;
}

Result<> set_sysctl(const std::string& name, const std::string& value) {
    if (TRY(read_sysctl(name)) == value) return {};
    const std::string path = "/proc/sys/" + name;
    const Fd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
        return fail(Errc::io, fmt::format("{} = {}: {}", path, value, std::strerror(errno)), errno);
    return {};
}

std::uint64_t netns_cookie() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    std::uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    if (socket.get() < 0 || ::getsockopt(socket.get(), SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) < 0) return 0;
    return cookie;
}

}  // namespace beeline::kernel
