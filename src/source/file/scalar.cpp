#include "source/file/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace beeline::source::file {
namespace {

constexpr std::array<std::string_view, 5> nulls{"", "~", "null", "Null", "NULL"};
constexpr std::array<std::string_view, 11> trues{"y",    "Y",    "yes", "Yes", "YES", "true",
                                                 "True", "TRUE", "on",  "On",  "ON"};
constexpr std::array<std::string_view, 11> falses{"n",     "N",     "no",  "No",  "NO", "false",
                                                  "False", "FALSE", "off", "Off", "OFF"};

template <std::size_t n>
bool one_of(const std::array<std::string_view, n>& list, std::string_view text) {
    return std::ranges::find(list, text) != list.end();
}

bool digits_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == text.npos;
}

struct Digits {
    std::string_view text;
    int base = 10;
    bool negative = false;
};

// Sign and prefix taken off; the digits may still be wrong.
Digits strip(std::string_view text) {
    Digits digits{text, 10, text.starts_with('-')};
    if (text.starts_with('-') || text.starts_with('+')) digits.text.remove_prefix(1);
    if (digits.text.size() < 2 || digits.text[0] != '0') return digits;
    const char mark = digits.text[1];
    const bool letter = mark == 'x' || mark == 'o' || mark == 'b';
    digits.base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
    digits.text.remove_prefix(letter ? 2 : 1);
    return digits;
}

bool is_integer(std::string_view text) {
    const Digits digits = strip(text);
    if (digits.base == 16) return digits_of(digits.text, "0123456789abcdefABCDEF");
    if (digits.base == 8) return digits_of(digits.text, "01234567");
    return digits_of(digits.text, digits.base == 2 ? "01" : "0123456789");
}

// [-+]? digits* .? digits* (e [-+]? digits)?, with a digit in the mantissa; and .inf, .nan.
bool is_real(std::string_view text) {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    if (text == ".inf" || text == ".Inf" || text == ".INF" || text == ".nan" || text == ".NaN" || text == ".NAN")
        return true;
    constexpr std::string_view decimal = "0123456789";
    const auto exponent = text.find_first_of("eE");
    if (exponent != text.npos) {
        std::string_view power = text.substr(exponent + 1);
        if (power.starts_with('-') || power.starts_with('+')) power.remove_prefix(1);
        if (!digits_of(power, decimal)) return false;
        text = text.substr(0, exponent);
    }
    const auto point = text.find('.');
    if (point == text.npos) return digits_of(text, decimal);
    const std::string_view before = text.substr(0, point), after = text.substr(point + 1);
    return (before.empty() || digits_of(before, decimal)) && (after.empty() || digits_of(after, decimal)) &&
           text.size() > 1;
}

}  // namespace

Tree::Kind resolve_plain(std::string_view text) {
    if (one_of(nulls, text)) return Tree::Kind::null;
    if (one_of(trues, text) || one_of(falses, text)) return Tree::Kind::boolean;
    if (is_integer(text)) return Tree::Kind::integer;
    if (is_real(text)) return Tree::Kind::real;
    return Tree::Kind::string;
}

std::optional<std::int64_t> integer_value(std::string_view text) {
    const Digits digits = strip(text);
    std::int64_t value = 0;
    const char* end = digits.text.data() + digits.text.size();
    const auto [stop, error] = std::from_chars(digits.text.data(), end, value, digits.base);
    if (error != std::errc{} || stop != end) return {};
    return digits.negative ? -value : value;
}

bool boolean_value(std::string_view text) {
    return one_of(trues, text);
}

}  // namespace beeline::source::file
