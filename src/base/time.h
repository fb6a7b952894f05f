// The two clocks. Pure modules (compile) take times as values instead.
#pragma once
#include <cstdint>

namespace beeline {

// Milliseconds since 1970, for people and files; may jump.
std::int64_t unix_ms();
// Nanoseconds since boot, never back, not counting suspend: the clock of bpf_ktime_get_ns().
std::uint64_t monotonic_ns();
// The same in milliseconds.
std::uint64_t monotonic_ms();

}  // namespace beeline
