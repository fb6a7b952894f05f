// Times and sizes as people read them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace beeline::cli {

// "5s", "3m20s", "47m", "5h12m", "30h", "3d4h", "1y20d": what kubectl prints for the same duration. Negative: "0s".
std::string duration_text(std::int64_t seconds);

// duration_text() since a Unix time in milliseconds; 0: "-".
std::string age_text(std::int64_t now_ms, std::int64_t then_ms);

// The local time of day of an RFC 3339 time: "10:42:01.123". Text that is none comes back as it is.
std::string clock_text(std::string_view rfc3339);

// "512 B", "1.5 KiB", "64.0 MiB"
std::string size_text(std::uint64_t bytes);

// "1 file", "3 files"
std::string counted(std::uint64_t count, std::string_view one, std::string_view many);

}  // namespace beeline::cli
