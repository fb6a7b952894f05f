#include "apps/cli/flow_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/table.h"
#include "apps/cli/time_text.h"

namespace beeline::cli {
namespace {

std::string end_of(const boost::json::value& record, const std::string& path) {
    return addr_port(text_at(record, path + ".addr"), number_at(record, path + ".port"));
}

void append(std::string& out, const char* separator, const std::string& text) {
    if (text.empty()) return;
    if (!out.empty()) out += separator;
    out += text;
}

// The reason's name where it is not plain forwarding, and the rule that decided. What the reason means is only told
// where no rule says it better.
std::string why(const boost::json::value& record) {
    auto rule = text_at(record, "rule");
    const auto reason = text_at(record, "reason");
    if (reason == "forwarded" || reason.empty()) return rule;
    return rule.empty() ? fmt::format("{}: {}", reason, text_at(record, "reason_text"))
                        : fmt::format("{}, {}", reason, rule);
}

// Refused at the service, that is the destination and stands there.
std::string via(const boost::json::value& record) {
    if (!has(record, "service") || end_of(record, "service") == end_of(record, "destination")) return {};
    const auto name = text_at(record, "service.name");
    return fmt::format("via {}{}{}", name, name.empty() ? "" : " ", end_of(record, "service"));
}

std::string explained(const boost::json::value& record) {
    std::string out = why(record);
    append(out, ", ", via(record));
    if (bool_at(record, "redecided")) append(out, " ", "(decided anew)");
    if (const auto more = number_at(record, "suppressed"); more > 0)
        append(out, " ", fmt::format("(+{} not shown)", more));
    return out;
}

}  // namespace

std::string peer_text(const boost::json::value& peer) {
    const auto address = addr_port(text_at(peer, "addr"), number_at(peer, "port"));
    const auto name = text_at(peer, "name");
    return name.empty() || name == "unknown" ? address : fmt::format("{} ({})", name, address);
}

std::array<std::string, FlowLines::columns> FlowLines::parts(const boost::json::value& record) {
    const auto& object = record.as_object();
    const auto peer = [&](const char* key) {
        const auto* found = object.if_contains(key);
        return found == nullptr ? std::string("?") : peer_text(*found);
    };
    return {peer("source"), peer("destination"), text_at(record, "protocol")};
}

void FlowLines::fit(const boost::json::value& record) {
    if (!record.is_object()) return;
    const auto texts = parts(record);
    for (std::size_t i = 0; i < columns; ++i)
        width_[i] = std::max(width_[i], display_width(texts[i]));
}

std::string FlowLines::line(const boost::json::value& record, bool color) {
    if (!record.is_object()) return {};
    fit(record);
    auto texts = parts(record);
    for (std::size_t i = 0; i < columns; ++i)
        texts[i].append(width_[i] - display_width(texts[i]), ' ');
    const bool dropped = text_at(record, "verdict") == "dropped";
    auto out = fmt::format("{} {} -> {} {} {} {}", clock_text(text_at(record, "time")), texts[0], texts[1], texts[2],
                           paint(dropped ? "DROPPED  " : "FORWARDED", dropped ? Tone::bad : Tone::good, color),
                           explained(record));
    while (out.ends_with(' '))
        out.pop_back();
    return out;
}

}  // namespace beeline::cli
