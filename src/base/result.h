// Results: what can fail returns Result<T>; the error says what was tried on which object and why it failed.
#pragma once
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace beeline {

enum class Errc {
    invalid,      // the input is wrong: what() names file, line or field, value and reason
    not_found,    // the thing named does not exist
    exists,       // it exists already, with other properties
    exhausted,    // no address, id or room left
    conflict,     // another object holds what this one asks for
    io,           // a file or socket
    kernel,       // the kernel refused; sys is its errno
    unsupported,  // this kernel or build cannot do it
    unavailable,  // try again later
};

// The name that stands in API answers: "invalid", "not_found", …
const char* errc_name(Errc code);

struct [[nodiscard]] Error {
    Errc code = Errc::invalid;
    std::string what;
    int sys = 0;           // errno, 0 if none
    std::string detail{};  // long text: verifier log, captured output
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string what, int sys = 0) {
    return std::unexpected(Error{code, std::move(what), sys, {}});
}
// Put words in front of an error on its way up: "web.yaml:14: " + what.
inline std::unexpected<Error> fail(std::string_view prefix, Error error) {
    error.what.insert(0, prefix);
    return std::unexpected(std::move(error));
}
// TRY converts through this overload set, so that a library with an error type of its own can join it.
inline Error to_error(Error error) {
    return error;
}

}  // namespace beeline

// TRY(expr): the value, or return the error. CHECK(expr): the same where there is no value.
#define TRY(expr)                                                                   \
    ({                                                                              \
        auto&& result_ = (expr);                                                    \
        if (!result_) return std::unexpected(to_error(std::move(result_).error())); \
        std::move(result_).value();                                                 \
    })
#define CHECK(expr)                                                                                          \
    do {                                                                                                     \
        if (auto&& result_ = (expr); !result_) return std::unexpected(to_error(std::move(result_).error())); \
    } while (0)
