#include "ebpf/result.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace ebpf {

namespace {
constexpr int enotsupp = 524;  // the kernel's own ENOTSUPP, which leaks out of some BPF commands

Errc code_of(int err) {
    switch (err) {
        case EINVAL:
            return Errc::invalid;
        case ENOENT:
        case ENODEV:
            return Errc::not_found;
        case EEXIST:
        case EBUSY:
            return Errc::exists;
        case E2BIG:
        case ENOSPC:
        case ENOMEM:
        case EMFILE:
        case ENFILE:
            return Errc::exhausted;
        case EPERM:
        case EACCES:
            return Errc::denied;
        case ENOSYS:
        case EOPNOTSUPP:
        case enotsupp:
            return Errc::unsupported;
        default:
            return Errc::kernel;
    }
}

std::string words_of(int err) {
    if (err == enotsupp) return "not supported by the kernel (ENOTSUPP)";
    const char* words = strerrordesc_np(err);
    const char* name = strerrorname_np(err);
    if (!words || !name) return "error " + std::to_string(err);
    return std::string(words) + " (" + name + ")";
}
}  // namespace

const char* errc_name(Errc code) {
    switch (code) {
        case Errc::invalid:
            return "invalid";
        case Errc::not_found:
            return "not_found";
        case Errc::exists:
            return "exists";
        case Errc::exhausted:
            return "exhausted";
        case Errc::denied:
            return "denied";
        case Errc::unsupported:
            return "unsupported";
        case Errc::verifier:
            return "verifier";
        case Errc::kernel:
            return "kernel";
    }
    return "unknown";
}

std::unexpected<Error> fail_sys(std::string what, int err) {
    err = std::abs(err);
    return std::unexpected(Error{code_of(err), std::move(what) + ": " + words_of(err), err, {}});
}

}  // namespace ebpf
