#include "base/time.h"

#include <ctime>

namespace beeline {
namespace {

timespec now(clockid_t clock) {
    timespec t{};
    clock_gettime(clock, &t);
    return t;
}

}  // namespace

std::int64_t unix_ms() {
    const timespec t = now(CLOCK_REALTIME);
    return std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000;
}

std::uint64_t monotonic_ns() {
    const timespec t = now(CLOCK_MONOTONIC);
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

std::uint64_t monotonic_ms() {
    return monotonic_ns() / 1'000'000;
}

}  // namespace beeline
