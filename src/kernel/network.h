// What the kernel says of the node's network, read in one go: devices, addresses, routes.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "kernel/netlink.h"

namespace beeline::kernel {

struct NodeAddress {
    Ifindex device;
    Addr addr;
    std::uint8_t length = 0;  // of the prefix on the link
    bool global = false;      // scope universe
    bool usable = true;       // as a source: neither tentative nor deprecated, and no temporary one (RFC 8981)
    auto operator<=>(const NodeAddress&) const = default;
};

// One next hop of a unicast route; a multipath route is several of these.
struct RouteHop {
    Prefix to;
    std::uint32_t table = 0, priority = 0;
    Ifindex device;
    std::optional<Addr> via{};     // gateway; IPv4 routes may have an IPv6 one
    std::optional<Addr> source{};  // preferred source address
    unsigned mtu = 0;              // metric of the route; 0: none
    auto operator<=>(const RouteHop&) const = default;
};

// Equal values: bpf_fib_lookup() answers the same, and the same is to be done.
struct Network {
    std::vector<LinkInfo> links{};         // ordered by index; ours are left out
    std::vector<NodeAddress> addresses{};  // in the order they are preferred as a source; no link-local IPv6 ones
    std::vector<RouteHop> routes{};        // of all tables, ordered; those to link-local IPv6 left out
    std::uint32_t decisions = 0;           // hash of all routes and rules, with what RouteHop leaves out
    bool operator==(const Network&) const = default;
};

}  // namespace beeline::kernel
