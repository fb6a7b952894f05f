// What can fail returns Result<T>; the error says what was tried on which object and why it failed.
#pragma once
#include <expected>
#include <string>
#include <utility>

namespace ebpf {

enum class Errc {
    invalid,      // the caller's input: unknown name, wrong size, wrong kind
    not_found,    // the object named does not exist
    exists,       // it exists already
    exhausted,    // a table or buffer is full, memory or a limit is used up
    denied,       // EPERM, EACCES
    unsupported,  // this kernel cannot do it
    verifier,     // the verifier refused a program; Error::log is its whole log
    kernel,       // refused for another reason; sys is the errno
};

// The enumerator's name: "invalid", "not_found", …
const char* errc_name(Errc code);

struct [[nodiscard]] Error {
    Errc code = Errc::invalid;
    std::string what;   // one line, or a line and the end of the verifier's log
    int sys = 0;        // errno, 0 if none
    std::string log{};  // everything libbpf and the verifier said
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string what) {
    return std::unexpected(Error{code, std::move(what), 0, {}});
}
// A failed system call: what + ": " + the errno in words, and the code that fits the errno. The sign of err is ignored.
std::unexpected<Error> fail_sys(std::string what, int err);

}  // namespace ebpf

// EBPF_TRY(expr): the value, or return the error. EBPF_CHECK(expr): the same where there is no value. They nest.
#define EBPF_TRY(expr) EBPF_TRY_NAMED(expr, EBPF_JOIN(ebpf_result_, __COUNTER__))
#define EBPF_CHECK(expr) EBPF_CHECK_NAMED(expr, EBPF_JOIN(ebpf_result_, __COUNTER__))
#define EBPF_JOIN_TEXT(left, right) left##right
#define EBPF_JOIN(left, right) EBPF_JOIN_TEXT(left, right)
#define EBPF_TRY_NAMED(expr, name)                                  \
    ({                                                              \
        auto&& name = (expr);                                       \
        if (!name) return std::unexpected(std::move(name).error()); \
        std::move(name).value();                                    \
    })
#define EBPF_CHECK_NAMED(expr, name)                                                      \
    do {                                                                                  \
        if (auto&& name = (expr); !name) return std::unexpected(std::move(name).error()); \
    } while (0)
