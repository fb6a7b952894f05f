#include "source/file/surrogates.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace beeline::source::file {
namespace {

constexpr std::size_t escape_length = 6;  // \uXXXX

// The code unit of an escape at the start of `text`; 0 if there is none.
std::uint32_t unit_at(std::string_view text) {
    if (text.size() < escape_length || !text.starts_with("\\u")) return 0;
    std::uint32_t unit = 0;
    const char* end = text.data() + escape_length;
    const auto [stop, error] = std::from_chars(text.data() + 2, end, unit, 16);
    return error == std::errc{} && stop == end ? unit : 0;
}

bool high(std::uint32_t unit) {
    return unit >= 0xd800 && unit < 0xdc00;
}
bool low(std::uint32_t unit) {
    return unit >= 0xdc00 && unit < 0xe000;
}

// A character of U+10000 and above.
void append_utf8(std::string& out, std::uint32_t character) {
    out += static_cast<char>(0xf0 | (character >> 18));
    out += static_cast<char>(0x80 | ((character >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((character >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (character & 0x3f));
}

}  // namespace

bool has_surrogates(std::string_view document) {
    const auto first = document.find_first_not_of(" \t\r\n");
    if (first == document.npos || (document[first] != '{' && document[first] != '[')) return false;
    return document.find("\\ud") != document.npos || document.find("\\uD") != document.npos;
}

std::string decode_surrogates(std::string_view document) {
    std::string out;
    out.reserve(document.size());
    while (!document.empty()) {
        const auto escape = document.find('\\');
        out += document.substr(0, escape);
        if (escape == document.npos) break;
        document.remove_prefix(escape);
        const std::uint32_t first = unit_at(document);
        const std::uint32_t second = high(first) ? unit_at(document.substr(escape_length)) : 0;
        if (high(first) && low(second)) {
            append_utf8(out, 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
            document.remove_prefix(2 * escape_length);
            continue;
        }
        // An escaped backslash goes as a whole, so that what follows it is not taken for an escape.
        out += document.substr(0, 2);
        document.remove_prefix(std::min<std::size_t>(2, document.size()));
    }
    return out;
}

}  // namespace beeline::source::file
