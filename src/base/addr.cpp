#include "base/addr.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace beeline {
namespace {

constexpr std::size_t longest_text = INET6_ADDRSTRLEN;

unsigned bits_of(Family family) {
    return family == Family::v4 ? 32 : 128;
}

// Clears the bits after the first `length`.
Addr masked(Addr addr, unsigned length) {
    for (unsigned i = 0; i < addr.bytes.size(); ++i) {
        const unsigned kept = length > i * 8 ? std::min(length - i * 8, 8U) : 0;
        addr.bytes[i] = static_cast<std::uint8_t>(addr.bytes[i] & (0xff00U >> kept));
    }
    return addr;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

Result<Addr> parse_addr(std::string_view text) {
    std::array<char, longest_text> zero_ended{};
    Addr addr;
    // A NUL inside would end the text early and let the rest pass unread.
    if (text.size() < zero_ended.size() && text.find('\0') == text.npos) {
        std::ranges::copy(text, zero_ended.begin());
        if (inet_pton(AF_INET, zero_ended.data(), addr.bytes.data()) == 1) return addr;
        addr.family = Family::v6;
        if (inet_pton(AF_INET6, zero_ended.data(), addr.bytes.data()) == 1) return addr;
    }
    return fail(Errc::invalid, fmt::format("'{}' is not an IP address", text));
}

std::string to_string(const Addr& addr) {
    std::array<char, longest_text> text{};
    inet_ntop(addr.v4() ? AF_INET : AF_INET6, addr.bytes.data(), text.data(), text.size());
    return text.data();
}

bool Prefix::contains(const Addr& a) const {
    return a.family == addr.family && masked(a, length) == addr;
}

std::uint64_t Prefix::size() const {
    return std::uint64_t{1} << std::min(bits_of(addr.family) - length, 32U);
}

Addr Prefix::at(std::uint64_t n) const {
    Addr result = addr;
    for (unsigned i = bits_of(addr.family) / 8; i-- > 0 && n != 0; n >>= 8)
        result.bytes[i] = static_cast<std::uint8_t>(result.bytes[i] | (n & 0xff));
    return result;
}

Result<Prefix> parse_prefix(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return fail(Errc::invalid, fmt::format("'{}' is not a prefix: no /length", text));
    auto addr = parse_addr(text.substr(0, slash));
    if (!addr) return fail(Errc::invalid, fmt::format("'{}' is not a prefix: bad address", text));
    const std::string_view digits = text.substr(slash + 1);
    const char* end = digits.data() + digits.size();
    unsigned length = 0;
    const auto [stop, error] = std::from_chars(digits.data(), end, length);
    const bool leading_zero = digits.size() > 1 && digits[0] == '0';
    if (error != std::errc{} || stop != end || leading_zero || length > bits_of(addr->family))
        return fail(Errc::invalid, fmt::format("'{}' is not a prefix: bad length", text));
    const Prefix prefix{masked(*addr, length), static_cast<std::uint8_t>(length)};
    if (prefix.addr != *addr)
        return fail(Errc::invalid, fmt::format("'{}' has host bits set; the prefix is {}", text, to_string(prefix)));
    return prefix;
}

std::string to_string(const Prefix& prefix) {
    return fmt::format("{}/{}", to_string(prefix.addr), prefix.length);
}

std::string to_string(const Mac& mac) {
    const auto& b = mac.bytes;
    return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

Result<Mac> parse_mac(std::string_view text) {
    Mac mac;
    bool good = text.size() == 17;
    for (std::size_t i = 0; good && i < mac.bytes.size(); ++i) {
        const int high = hex_digit(text[i * 3]);
        const int low = hex_digit(text[i * 3 + 1]);
        good = high >= 0 && low >= 0 && (i == 5 || text[i * 3 + 2] == ':');
        mac.bytes[i] = static_cast<std::uint8_t>((high << 4) | low);
    }
    if (!good) return fail(Errc::invalid, fmt::format("'{}' is not a MAC address", text));
    return mac;
}

}  // namespace beeline
