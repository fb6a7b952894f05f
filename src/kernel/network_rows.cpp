#include "kernel/network_rows.h"

#include <algorithm>
#include <limits>

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

abi::Addr6 wide(const Addr& addr) {  // IPv4 in word 0
    return wire_addr<abi::Addr6>(addr);
}

bool is_source(const NodeAddress& address, Family family) {
    return address.global && address.usable && address.addr.family == family;
}

bool share_network(const NodeAddress& address, const Addr& other) {
    if (address.addr.family != other.family) return false;
    for (unsigned bit = 0; bit < address.length; bit++)
        if (((address.addr.bytes[bit / 8] ^ other.bytes[bit / 8]) & (0x80 >> bit % 8)) != 0) return false;
    return true;
}

struct Builder {
    const Network& network;
    const std::vector<LinkInfo>& uplinks;
    NetworkRows rows{};

    void add_device(const LinkInfo& link, Family family);
    void add_gateways(const LinkInfo& link, Family family);
    std::optional<Addr> first_address(Ifindex device, Family family) const;
    std::optional<Addr> source(const LinkInfo& link, Family family) const;
    std::optional<Addr> source_towards(const LinkInfo& link, Family family, const Addr& gateway) const;
    bool has_route(const LinkInfo& link, Family family) const;
};

std::optional<Addr> Builder::first_address(Ifindex device, Family family) const {
    for (const NodeAddress& address : network.addresses)
        if (address.device == device && is_source(address, family)) return address.addr;
    return std::nullopt;
}

// A device may have none of its own: routers borrow one.
std::optional<Addr> Builder::source(const LinkInfo& link, Family family) const {
    if (auto own = first_address(link.index, family)) return own;
    for (const RouteHop& route : network.routes)
        if (route.device == link.index && route.to.length == 0 && route.source && route.source->family == family)
            return route.source;
    for (const LinkInfo& other : uplinks)
        if (auto borrowed = first_address(other.index, family)) return borrowed;
    return std::nullopt;
}

// The address in the gateway's own network, where the device has several.
std::optional<Addr> Builder::source_towards(const LinkInfo& link, Family family, const Addr& gateway) const {
    for (const NodeAddress& address : network.addresses)
        if (address.device == link.index && is_source(address, family) && share_network(address, gateway))
            return address.addr;
    return source(link, family);
}

bool Builder::has_route(const LinkInfo& link, Family family) const {
    return std::ranges::any_of(network.routes, [&](const RouteHop& route) {
        return route.device == link.index && route.to.addr.family == family;
    });
}

abi::u16 mtu_of(unsigned mtu) {
    return static_cast<abi::u16>(std::min<unsigned>(mtu, std::numeric_limits<abi::u16>::max()));
}

abi::NexthopKey key_of(const LinkInfo& link, Family family) {
    abi::NexthopKey key{};
    key.ifindex = link.index.value;
    key.family = static_cast<abi::u8>(family);
    return key;
}

abi::Hop hop_of(const LinkInfo& link, abi::HopFlags flag, const std::optional<Addr>& source) {
    abi::Hop hop{};
    hop.ifindex = link.index.value;
    hop.mtu = mtu_of(link.mtu);
    hop.flags = flag;
    if (source) hop.source = wide(*source);
    return hop;
}

void Builder::add_device(const LinkInfo& link, Family family) {
    const auto from = source(link, family);
    if (!from && !has_route(link, family)) return;
    abi::NexthopKey key = key_of(link, family);
    rows.hops[key] = hop_of(link, abi::hop_on_link, from);
    key.via_family = abi::nexthop_resolve;
    rows.hops[key] = hop_of(link, abi::hop_resolve, from);
    add_gateways(link, family);
}

// The smallest MTU that the routes by one gateway name; the device's where one of them names none.
unsigned path_mtu(const LinkInfo& link, const std::vector<unsigned>& metrics) {
    const unsigned least = std::ranges::min(metrics);
    return least == 0 ? link.mtu : std::min(link.mtu, least);
}

void Builder::add_gateways(const LinkInfo& link, Family family) {
    std::map<Addr, std::vector<unsigned>> gateways;
    for (const RouteHop& route : network.routes)
        if (route.device == link.index && route.via && route.to.addr.family == family)
            gateways[*route.via].push_back(route.mtu);
    for (const auto& [via, metrics] : gateways) {
        abi::NexthopKey key = key_of(link, family);
        key.via_family = static_cast<abi::u8>(via.family);
        key.via = wide(via);
        abi::Hop hop = hop_of(link, via.v4() ? abi::hop_via4 : abi::hop_via6, source_towards(link, family, via));
        hop.mtu = mtu_of(path_mtu(link, metrics));
        hop.via = wide(via);
        rows.hops[key] = hop;
    }
}

// 127.0.0.1 and ::1 never come from a container; other addresses on the loopback device are the node's like any.
bool is_loopback(const Addr& addr) {
    if (addr.v4()) return addr.bytes[0] == 127;
    return std::all_of(addr.bytes.begin(), addr.bytes.end() - 1, [](auto byte) { return byte == 0; }) &&
           addr.bytes.back() == 1;
}

}  // namespace

NetworkRows network_rows(const Network& network, const std::vector<LinkInfo>& uplinks) {
    Builder builder{network, uplinks};
    for (const LinkInfo& link : uplinks)
        for (const Family family : {Family::v4, Family::v6})
            builder.add_device(link, family);
    for (const NodeAddress& address : network.addresses)
        if (!is_loopback(address.addr)) builder.rows.addresses.insert(address.addr);
    builder.rows.decisions = network.decisions;
    return std::move(builder.rows);
}

}  // namespace beeline::kernel
