#include "ebpf/fd.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace ebpf {

void Fd::reset(int fd) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

Result<Fd> Fd::duplicate(int fd) {
    // Not 0-2: libbpf takes descriptor 0 for "none" in places.
    const int copy = ::fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (copy < 0) return fail_sys("duplicate descriptor " + std::to_string(fd), errno);
    return Fd(copy);
}

FdKind fd_kind(int fd) {
    std::array<char, 64> target{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
    if (length <= 0) return FdKind::other;
    const std::string_view name(target.data(), static_cast<std::size_t>(length));
    if (name == "anon_inode:bpf-prog") return FdKind::program;
    if (name == "anon_inode:bpf-map") return FdKind::map;
    if (name == "anon_inode:bpf_link" || name == "anon_inode:bpf-link") return FdKind::link;
    return FdKind::other;
}

Result<void> require_kind(int fd, FdKind wanted) {
    static constexpr std::array names = {"a BPF program", "a BPF map", "a BPF link", "something else"};
    const FdKind kind = fd_kind(fd);
    if (kind == wanted) return {};
    return fail(Errc::invalid, "descriptor " + std::to_string(fd) + " is " + names[static_cast<std::size_t>(kind)] +
                                   ", not " + names[static_cast<std::size_t>(wanted)]);
}

}  // namespace ebpf
