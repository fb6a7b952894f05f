#include "kernel/text.h"

#include <fmt/format.h>

namespace beeline::kernel {

std::string text_of(const Addr& addr, Port port) {
    return addr.v4() ? fmt::format("{}:{}", to_string(addr), port.value)
                     : fmt::format("[{}]:{}", to_string(addr), port.value);
}

std::string text_of(const plan::FrontendKey& key) {
    return fmt::format("{}/{}", text_of(key.addr, key.port), to_string(key.proto));
}

std::string text_of(const plan::Backend& backend) {
    return text_of(backend.addr, backend.port);
}

std::string text_of(const std::vector<plan::Backend>& backends) {
    std::string text;
    for (const auto& backend : backends)
        text += (text.empty() ? "" : " ") + text_of(backend);
    return text.empty() ? "none" : text;
}

std::string text_of(const plan::PolicyEntry& entry) {
    const bool in = entry.direction == abi::ingress;
    std::string text = in ? "ingress from " : "egress to ";
    text += entry.peer.value == 0 ? "any" : std::to_string(entry.peer.value);
    text += " " + to_string(entry.proto);
    if (entry.port.value != 0) text += fmt::format("/{}", entry.port.value);
    text += entry.verdict == abi::PolicyVerdict::allow ? " allow" : " deny";
    return text + fmt::format(" rule {}", entry.rule.value);
}

std::string text_of(const plan::PolicySet& set) {
    std::string text = set.isolated_ingress && set.isolated_egress ? "isolated both ways"
                       : set.isolated_ingress                      ? "isolated ingress"
                       : set.isolated_egress                       ? "isolated egress"
                                                                   : "open";
    for (const auto& entry : set.entries)
        text += "; " + text_of(entry);
    return text;
}

}  // namespace beeline::kernel
