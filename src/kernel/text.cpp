#include "kernel/text.h"

#include <fmt/format.h>

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

// Of a field that holds either family: IPv4 in word 0.
std::string addr_text(const abi::Addr6& addr, unsigned family) {
    Addr value = value_addr(addr);
    value.family = family == 4 ? Family::v4 : Family::v6;
    return to_string(value);
}

}  // namespace

std::string text_of(const abi::NexthopKey& key) {
    const std::string text = fmt::format("ifindex {} IPv{} ", key.ifindex, key.family);
    if (key.via_family == 0) return text + "on link";
    if (key.via_family == abi::nexthop_resolve) return text + "by any gateway";
    return text + "via " + addr_text(key.via, key.via_family);
}

std::string network_text_of(const abi::Hop& hop, unsigned family) {
    const bool none = value_addr(hop.source) == Addr{.family = Family::v6};
    return fmt::format("mtu {} source {}", hop.mtu, none ? "none" : addr_text(hop.source, family));
}

std::string text_of(const Addr& addr, Port port) {
    return addr.v4() ? fmt::format("{}:{}", to_string(addr), port.value)
                     : fmt::format("[{}]:{}", to_string(addr), port.value);
}

std::string text_of(const plan::FrontendKey& key) {
    return fmt::format("{}/{}", text_of(key.addr, key.port), to_string(key.proto));
}

std::string text_of(const plan::Backend& backend) {
    const std::string place = text_of(backend.addr, backend.port);
    return backend.weight == 1 ? place : fmt::format("{}(weight {})", place, backend.weight);
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
