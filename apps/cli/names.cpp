#include "apps/cli/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace beeline::cli {

Result<ObjectName> object_name(std::string_view text) {
    const auto slash = text.find('/');
    ObjectName out{"default", std::string(text)};
    if (slash != std::string_view::npos)
        out = {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
    if (out.ns.empty() || out.name.empty() || out.name.contains('/'))
        return fail(Errc::invalid, fmt::format("'{}' is not of the form namespace/name", text));
    return out;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<std::string> netns_path(std::string_view text) {
    if (text.empty() || text == "." || text == "..")
        return fail(Errc::invalid,
                    fmt::format("'{}' is no network namespace: give a name, a path or a process id", text));
    if (is_number(text)) return fmt::format("/proc/{}/ns/net", text);
    if (!text.contains('/')) return fmt::format("/var/run/netns/{}", text);
    std::error_code ec;
    const auto path = std::filesystem::absolute(text, ec);
    if (ec) return fail(Errc::invalid, fmt::format("'{}': {}", text, ec.message()));
    return path.lexically_normal().string();
}

std::string addr_port(std::string_view addr, std::int64_t port) {
    if (port == 0) return std::string(addr);
    return addr.contains(':') ? fmt::format("[{}]:{}", addr, port) : fmt::format("{}:{}", addr, port);
}

}  // namespace beeline::cli
