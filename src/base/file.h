// Whole files, and descriptors that close themselves.
#pragma once
#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace beeline {

// Owns a file descriptor; -1: none.
class Fd {
public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd();
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

inline constexpr std::size_t file_limit = std::size_t{64} << 20;  // bytes

// The content of a regular file. Errors: not_found; invalid (longer than `limit` bytes, or not a regular file);
// io with errno.
Result<std::string> read_file(const std::string& path, std::size_t limit = file_limit);

// Readers see the old content or the new, also after a crash: written beside, fsync, rename, fsync of the folder.
// Errors: io with errno; nothing is left behind.
Result<> write_file(const std::string& path, std::string_view content, mode_t mode = 0644);

}  // namespace beeline
