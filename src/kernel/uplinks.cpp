#include "kernel/uplinks.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <array>

namespace beeline::kernel {
namespace {

// Of rtnetlink; physical devices have none.
constexpr std::array<std::string_view, 5> leading_out{"", "bond", "team", "vlan", "macvlan"};

struct Patterns {
    std::vector<std::string> in{}, out{};
};

Patterns split(const std::vector<std::string>& wanted) {
    Patterns patterns;
    for (const std::string& pattern : wanted) {
        if (pattern.starts_with('!'))
            patterns.out.push_back(pattern.substr(1));
        else
            patterns.in.push_back(pattern);
    }
    return patterns;
}

bool matches(const std::vector<std::string>& patterns, const std::string& name) {
    return std::ranges::any_of(
        patterns, [&name](const std::string& pattern) { return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0; });
}

bool is_name(const std::string& pattern) {
    return pattern.find_first_of("*?[\\") == std::string::npos;
}

// A VRF separates routes, not frames: its parts have addresses of their own.
bool is_enslaved(const LinkInfo& link, const Network& network) {
    if (link.master.value == 0) return false;
    const auto master = std::ranges::find(network.links, link.master, &LinkInfo::index);
    return master == network.links.end() || master->kind != "vrf";
}

bool is_found(const LinkInfo& link, const Network& network) {
    if (is_enslaved(link, network)) return false;
    const bool addressed = std::ranges::any_of(
        network.addresses, [&](const NodeAddress& a) { return a.device == link.index && a.global; });
    if (!addressed) return false;
    return std::ranges::find(leading_out, link.kind) != leading_out.end() ||
           std::ranges::any_of(network.routes, [&](const RouteHop& r) { return r.device == link.index && r.via; });
}

bool can_be_chosen(const LinkInfo& link) {
    return !link.loopback && link.group != our_group;
}

// Why the device of this name is not used; empty: it is.
std::string problem_of(const std::string& name, const Network& network) {
    const auto link = std::ranges::find(network.links, name, &LinkInfo::name);
    if (link == network.links.end()) return "no such device";
    if (!can_be_chosen(*link)) return "leads to no other node";
    return link->up ? "" : "is down";
}

}  // namespace

Uplinks choose_uplinks(const std::vector<std::string>& wanted, const Network& network) {
    const Patterns patterns = split(wanted);
    Uplinks uplinks;
    for (const LinkInfo& link : network.links) {
        if (!link.up || !can_be_chosen(link) || matches(patterns.out, link.name)) continue;
        if (patterns.in.empty() ? is_found(link, network) : matches(patterns.in, link.name))
            uplinks.devices.push_back(link);
    }
    for (const std::string& name : patterns.in) {
        if (!is_name(name) || matches(patterns.out, name)) continue;
        const std::string problem = problem_of(name, network);
        if (!problem.empty()) uplinks.problems.push_back(fmt::format("devices: {}: {}", name, problem));
    }
    return uplinks;
}

Xdp xdp_of(const std::vector<XdpChoice>& choices, const std::string& device) {
    for (const XdpChoice& choice : choices)
        if (matches({choice.devices}, device)) return choice.mode;
    return Xdp::off;
}

}  // namespace beeline::kernel
