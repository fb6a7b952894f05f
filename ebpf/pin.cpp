#include "ebpf/pin.h"

#include <bpf/bpf.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "ebpf/fd.h"

namespace ebpf {

namespace {
PinKind kind_of(const std::filesystem::directory_entry& entry) {
    std::error_code ignored;
    if (entry.is_directory(ignored)) return PinKind::directory;
    const Fd fd(bpf_obj_get(entry.path().c_str()));
    if (!fd.valid()) return PinKind::other;
    switch (fd_kind(fd.get())) {
        case FdKind::program:
            return PinKind::program;
        case FdKind::map:
            return PinKind::map;
        case FdKind::link:
            return PinKind::link;
        case FdKind::other:
            break;
    }
    return PinKind::other;
}
}  // namespace

const char* pin_kind_name(PinKind kind) {
    switch (kind) {
        case PinKind::program:
            return "program";
        case PinKind::map:
            return "map";
        case PinKind::link:
            return "link";
        case PinKind::directory:
            return "directory";
        case PinKind::other:
            break;
    }
    return "other";
}

Result<void> check_pin_name(std::string_view name) {
    constexpr std::size_t longest = 255;
    const std::string what = "pin name '" + std::string(name) + "'";
    if (name.empty()) return fail(Errc::invalid, "a pin name is empty");
    if (name.size() > longest) return fail(Errc::invalid, what + " is longer than 255 bytes");
    if (name.find('.') != std::string_view::npos) return fail(Errc::invalid, what + " has a dot, which bpffs refuses");
    if (name.find('/') != std::string_view::npos) return fail(Errc::invalid, what + " has a slash");
    return {};
}

bool on_bpffs(const std::string& path) {
    struct statfs fs{};
    return ::statfs(path.c_str(), &fs) == 0 && fs.f_type == BPF_FS_MAGIC;
}

Result<void> make_pin_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return fail_sys("make directory " + path, error.value());
    return {};
}

Result<bool> ensure_bpffs(const std::string& path) {
    EBPF_CHECK(make_pin_directory(path));
    if (on_bpffs(path)) return false;
    if (::mount("bpffs", path.c_str(), "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
        return fail_sys("mount a bpffs on " + path, errno);
    return true;
}

Result<void> pin_fd(int fd, const std::string& path) {
    if (bpf_obj_pin(fd, path.c_str())) return fail_sys("pin at " + path, errno);
    return {};
}

Result<void> replace_pin(int fd, const std::string& path) {
    const std::string beside = path + "_new";
    EBPF_TRY(remove_pin(beside));  // left by one that was killed
    EBPF_CHECK(pin_fd(fd, beside));
    if (std::rename(beside.c_str(), path.c_str()) == 0) return {};
    const int err = errno;
    ::unlink(beside.c_str());
    return fail_sys("replace the pin at " + path, err);
}

Result<bool> remove_pin(const std::string& path) {
    if (::unlink(path.c_str()) == 0) return true;
    if (errno == ENOENT) return false;
    return fail_sys("remove the pin at " + path, errno);
}

bool pin_exists(const std::string& path) {
    struct stat found{};
    return ::lstat(path.c_str(), &found) == 0;
}

Result<std::vector<Pin>> list_pins(const std::string& directory) {
    std::vector<Pin> pins;
    std::error_code error;
    std::filesystem::directory_iterator entry(directory, error), end;
    for (; !error && entry != end; entry.increment(error))
        pins.push_back({entry->path().filename(), entry->path(), kind_of(*entry)});
    if (error) return fail_sys("list pins in " + directory, error.value());
    std::ranges::sort(pins, {}, &Pin::name);
    return pins;
}

}  // namespace ebpf
