// IP addresses, prefixes and MACs as values. Text forms follow RFC 5952; parsing is strict (inet_pton): no zone,
// no leading zeros, no short forms.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace beeline {

enum class Family : std::uint8_t { v4 = 4, v6 = 6 };

// Ordered by family, then bytes. IPv4 uses bytes[0..3].
struct Addr {
    Family family = Family::v4;
    std::array<std::uint8_t, 16> bytes{};
    auto operator<=>(const Addr&) const = default;
    bool v4() const { return family == Family::v4; }
};
Result<Addr> parse_addr(std::string_view text);
std::string to_string(const Addr& addr);

// Prefix with host bits cleared.
struct Prefix {
    Addr addr;
    std::uint8_t length = 0;  // 0-32, 0-128
    auto operator<=>(const Prefix&) const = default;
    bool contains(const Addr& a) const;
    // Number of addresses, capped at 2^32.
    std::uint64_t size() const;
    // The n-th address of the prefix; n < size().
    Addr at(std::uint64_t n) const;
};
// "10.244.1.0/24"; host bits set are an error that says so.
Result<Prefix> parse_prefix(std::string_view text);
std::string to_string(const Prefix& prefix);

struct Mac {
    std::array<std::uint8_t, 6> bytes{};
    auto operator<=>(const Mac&) const = default;
};
std::string to_string(const Mac& mac);  // "02:00:5e:10:00:01"
Result<Mac> parse_mac(std::string_view text);

}  // namespace beeline
