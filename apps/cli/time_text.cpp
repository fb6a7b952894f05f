#include "apps/cli/time_text.h"

#include <fmt/format.h>

#include <array>
#include <ctime>

namespace beeline::cli {
namespace {

constexpr std::int64_t minute = 60, hour = 60 * minute, day = 24 * hour, year = 365 * day;

// The larger unit, and the smaller one unless it is 0.
std::string two(std::int64_t large, const char* large_unit, std::int64_t small, const char* small_unit) {
    if (small == 0) return fmt::format("{}{}", large, large_unit);
    return fmt::format("{}{}{}{}", large, large_unit, small, small_unit);
}

}  // namespace

// The steps of k8s.io/apimachinery/pkg/util/duration.HumanDuration.
std::string duration_text(std::int64_t s) {
    if (s < 0) return "0s";
    if (s < 2 * minute) return fmt::format("{}s", s);
    if (s < 10 * minute) return two(s / minute, "m", s % minute, "s");
    if (s < 3 * hour) return fmt::format("{}m", s / minute);
    if (s < 8 * hour) return two(s / hour, "h", s % hour / minute, "m");
    if (s < 2 * day) return fmt::format("{}h", s / hour);
    if (s < 8 * day) return two(s / day, "d", s % day / hour, "h");
    if (s < 2 * year) return fmt::format("{}d", s / day);
    if (s < 8 * year) return two(s / year, "y", s % year / day, "d");
    return fmt::format("{}y", s / year);
}

std::string age_text(std::int64_t now_ms, std::int64_t then_ms) {
    return then_ms == 0 ? "-" : duration_text((now_ms - then_ms) / 1000);
}

std::string clock_text(std::string_view rfc3339) {
    std::string text(rfc3339);
    std::tm parts{};
    const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (rest == nullptr) return text;
    std::string millis = "000";
    if (*rest == '.') {
        ++rest;
        for (std::size_t i = 0; *rest >= '0' && *rest <= '9'; ++rest, ++i)
            if (i < millis.size()) millis[i] = *rest;
    }
    if (*rest != 'Z') return text;
    const std::time_t seconds = ::timegm(&parts);
    ::localtime_r(&seconds, &parts);
    return fmt::format("{:02}:{:02}:{:02}.{}", parts.tm_hour, parts.tm_min, parts.tm_sec, millis);
}

std::string size_text(std::uint64_t bytes) {
    if (bytes < 1024) return fmt::format("{} B", bytes);
    constexpr std::array units{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    double size = static_cast<double>(bytes) / 1024;
    std::size_t unit = 0;
    for (; size >= 1024 && unit + 1 < units.size(); ++unit)
        size /= 1024;
    return fmt::format("{:.1f} {}", size, units[unit]);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace beeline::cli
