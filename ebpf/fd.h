// A file descriptor that is closed once. Descriptors made here are close-on-exec.
#pragma once
#include <string>
#include <utility>

#include "ebpf/result.h"

namespace ebpf {

class Fd {
public:
    Fd() = default;
    // Takes ownership; -1 owns nothing.
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    // A second descriptor of the same object.
    static Result<Fd> duplicate(int fd);

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    void reset(int fd = -1);

private:
    int fd_ = -1;
};

enum class FdKind { program, map, link, other };
// What kind of BPF object a descriptor stands for; from /proc/self/fd.
FdKind fd_kind(int fd);
// Errc::invalid unless fd is of this kind.
Result<void> require_kind(int fd, FdKind wanted);

}  // namespace ebpf
