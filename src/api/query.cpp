#include "api/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace beeline::api {
namespace {

std::unexpected<Error> bad(const std::string& name, const std::string& value, const char* reason) {
    return fail(Errc::invalid, fmt::format("query parameter {}: '{}' {}", name, value, reason));
}

// Passes an error on with the parameter's name in front.
template <class T>
Result<std::optional<T>> named(const std::string& name, Result<T> value) {
    if (!value) return fail(fmt::format("query parameter {}: ", name), std::move(value).error());
    return std::optional<T>(std::move(*value));
}

}  // namespace

const std::string* Query::find(const std::string& name) {
    known_.insert(name);
    const auto found = query_.find(name);
    return found == query_.end() ? nullptr : &found->second;
}

Result<std::optional<std::string>> Query::text(const std::string& name) {
    const std::string* value = find(name);
    return value ? std::optional(*value) : std::nullopt;
}

Result<std::optional<std::uint64_t>> Query::number(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    std::uint32_t number = 0;
    const char* end = value->data() + value->size();
    const auto [rest, error] = std::from_chars(value->data(), end, number);
    if (error != std::errc{} || rest != end) return bad(name, *value, "is not a number");
    return std::optional<std::uint64_t>(number);
}

Result<std::optional<bool>> Query::boolean(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    if (*value != "true" && *value != "false") return bad(name, *value, "is neither true nor false");
    return std::optional(*value == "true");
}

Result<std::optional<Port>> Query::port(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    return named(name, parse_port(*value));
}

Result<std::optional<Prefix>> Query::prefix(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    if (value->contains('/')) return named(name, parse_prefix(*value));
    const auto addr = parse_addr(*value);
    if (!addr) return fail(fmt::format("query parameter {}: ", name), addr.error());
    return std::optional(Prefix{*addr, static_cast<std::uint8_t>(addr->v4() ? 32 : 128)});
}

Result<std::optional<Proto>> Query::proto(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    std::string lower = *value;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const Proto proto : {Proto::tcp, Proto::udp, Proto::sctp, Proto::icmp, Proto::icmp6}) {
        std::string spelled = to_string(proto);
        std::ranges::transform(spelled, spelled.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        if (lower == spelled) return std::optional(proto);
    }
    return bad(name, *value, "is none of TCP, UDP, SCTP, ICMP, ICMPv6");
}

Result<std::optional<Family>> Query::family(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    if (*value == "4") return std::optional(Family::v4);
    if (*value == "6") return std::optional(Family::v6);
    return bad(name, *value, "is neither 4 nor 6");
}

Result<std::optional<model::Name>> Query::pod(const std::string& name) {
    const std::string* value = find(name);
    if (!value) return std::nullopt;
    return named(name, model::parse_name(*value));
}

Result<> Query::finish() const {
    for (const auto& [name, value] : query_)
        if (!known_.contains(name)) return fail(Errc::invalid, fmt::format("unknown query parameter '{}'", name));
    return {};
}

}  // namespace beeline::api
