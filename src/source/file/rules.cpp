#include "source/file/rules.h"

#include <algorithm>

namespace beeline::source::file {
namespace {

bool lower_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool letter_or_digit(char c) {
    return lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

// [a-z0-9]([-a-z0-9]*[a-z0-9])?
bool is_dns_part(std::string_view text) {
    return !text.empty() && lower_or_digit(text.front()) && lower_or_digit(text.back()) &&
           std::ranges::all_of(text, [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool is_dns_label(std::string_view text) {
    return text.size() <= 63 && is_dns_part(text);
}

bool is_dns_subdomain(std::string_view text) {
    if (text.size() > 253) return false;
    for (;;) {
        const auto dot = text.find('.');
        if (!is_dns_part(text.substr(0, dot))) return false;
        if (dot == text.npos) return true;
        text.remove_prefix(dot + 1);
    }
}

bool is_port_name(std::string_view text) {
    const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return text.size() <= 15 && is_dns_part(text) && std::ranges::any_of(text, letter) && text.find("--") == text.npos;
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool is_qualified_part(std::string_view text) {
    return !text.empty() && text.size() <= 63 && letter_or_digit(text.front()) && letter_or_digit(text.back()) &&
           std::ranges::all_of(text, [](char c) { return letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

bool is_label_key(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == text.npos) return is_qualified_part(text);
    return is_dns_subdomain(text.substr(0, slash)) && is_qualified_part(text.substr(slash + 1));
}

bool is_label_value(std::string_view text) {
    return text.empty() || is_qualified_part(text);
}

}  // namespace

const Rule dns_label{is_dns_label, "is not a DNS label (a-z, 0-9 and '-', at most 63)"};
const Rule dns_label_or_empty{[](std::string_view text) { return text.empty() || is_dns_label(text); },
                              dns_label.broken};
const Rule dns_subdomain{is_dns_subdomain, "is not a DNS name (a-z, 0-9, '-' and '.', at most 253)"};
const Rule port_name{is_port_name, "is not a port name (a-z, 0-9 and '-', a letter among them, at most 15)"};
const Rule label_key{is_label_key, "is not a label key ([DNS name/]name of at most 63)"};
const Rule label_value{is_label_value, "is not a label value (letters, digits, '-', '_' and '.', at most 63)"};

}  // namespace beeline::source::file
