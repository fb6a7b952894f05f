#include "kernel/network_rows.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

LinkInfo link(std::uint32_t index, unsigned mtu = 1500) {
    LinkInfo info;
    info.index = Ifindex{index};
    info.name = fmt::format("eth{}", index);
    info.mtu = mtu;
    info.up = true;
    return info;
}
NodeAddress address(std::uint32_t device, const char* prefix) {
    const std::string text = prefix;
    const auto slash = text.find('/');
    return {.device = Ifindex{device},
            .addr = parse_addr(text.substr(0, slash)).value(),
            .length = static_cast<std::uint8_t>(std::stoi(text.substr(slash + 1))),
            .global = true};
}
RouteHop route(const char* to, std::uint32_t device, const char* via = nullptr, unsigned mtu = 0) {
    RouteHop hop{.to = parse_prefix(to).value(), .device = Ifindex{device}, .mtu = mtu};
    if (via != nullptr) hop.via = parse_addr(via).value();
    return hop;
}

std::string text_of(const abi::Addr6& addr, Family family) {
    Addr value = value_addr(addr);
    value.family = family;
    return to_string(value);
}
Family via_family(const abi::NexthopKey& key) {
    return key.via_family == 4 ? Family::v4 : Family::v6;
}
std::string kind_of(const abi::NexthopKey& key, const abi::Hop& hop) {
    if (key.via_family == 0) return hop.flags == abi::hop_on_link ? "on link" : "?";
    if (key.via_family == abi::nexthop_resolve) return hop.flags == abi::hop_resolve ? "resolve" : "?";
    const bool agrees =
        same_bytes(key.via, hop.via) && hop.flags == (key.via_family == 4 ? abi::hop_via4 : abi::hop_via6);
    return agrees ? "via " + text_of(hop.via, via_family(key)) : "?";
}
// "2 v4 via 192.0.2.254 from 192.0.2.1 mtu 1500", ordered.
std::vector<std::string> lines(const NetworkRows& rows) {
    std::vector<std::string> lines;
    for (const auto& [key, hop] : rows.hops)
        lines.push_back(fmt::format("{}{} v{} {} from {} mtu {}", key.ifindex, key.ifindex == hop.ifindex ? "" : "?",
                                    key.family, kind_of(key, hop),
                                    text_of(hop.source, key.family == 4 ? Family::v4 : Family::v6), hop.mtu));
    std::ranges::sort(lines);
    return lines;
}

TEST(NetworkRows, each_family_of_a_device_has_its_next_hops) {
    const Network network{
        .links = {link(2)},
        .addresses = {address(2, "192.0.2.1/24"), address(2, "2001:db8::1/64")},
        .routes = {route("0.0.0.0/0", 2, "192.0.2.254"), route("192.0.2.0/24", 2), route("::/0", 2, "fe80::1")}};
    EXPECT_THAT(lines(network_rows(network, network.links)),
                ElementsAre("2 v4 on link from 192.0.2.1 mtu 1500", "2 v4 resolve from 192.0.2.1 mtu 1500",
                            "2 v4 via 192.0.2.254 from 192.0.2.1 mtu 1500", "2 v6 on link from 2001:db8::1 mtu 1500",
                            "2 v6 resolve from 2001:db8::1 mtu 1500", "2 v6 via fe80::1 from 2001:db8::1 mtu 1500"));
}

TEST(NetworkRows, a_gateway_of_many_routes_has_one_row_and_the_mtu_they_agree_on) {
    const Network network{
        .links = {link(2, 9000)},
        .addresses = {address(2, "192.0.2.1/24")},
        .routes = {route("0.0.0.0/0", 2, "192.0.2.254", 1400), route("198.51.100.0/24", 2, "192.0.2.254", 1300),
                   route("203.0.113.0/24", 2, "192.0.2.253", 1400), route("10.0.0.0/8", 2, "192.0.2.253"),
                   route("10.1.0.0/16", 2, "192.0.2.252", 65535), route("10.2.0.0/16", 3, "192.0.2.251")}};
    EXPECT_THAT(
        lines(network_rows(network, network.links)),
        ElementsAre("2 v4 on link from 192.0.2.1 mtu 9000", "2 v4 resolve from 192.0.2.1 mtu 9000",
                    "2 v4 via 192.0.2.252 from 192.0.2.1 mtu 9000", "2 v4 via 192.0.2.253 from 192.0.2.1 mtu 9000",
                    "2 v4 via 192.0.2.254 from 192.0.2.1 mtu 1300"));
}

TEST(NetworkRows, traffic_of_one_family_may_leave_by_a_gateway_of_the_other) {
    const Network network{
        .links = {link(2)}, .addresses = {address(2, "192.0.2.1/32")}, .routes = {route("0.0.0.0/0", 2, "fe80::1")}};
    EXPECT_THAT(lines(network_rows(network, network.links)),
                ElementsAre("2 v4 on link from 192.0.2.1 mtu 1500", "2 v4 resolve from 192.0.2.1 mtu 1500",
                            "2 v4 via fe80::1 from 192.0.2.1 mtu 1500"));
}

TEST(NetworkRows, the_source_is_the_first_usable_address_or_that_of_the_gateways_network) {
    Network network{.links = {link(2)},
                    .addresses = {address(2, "10.1.0.9/16"), address(2, "10.1.0.1/16"), address(2, "192.0.2.1/24")},
                    .routes = {route("0.0.0.0/0", 2, "192.0.2.254")}};
    network.addresses[0].usable = false;
    EXPECT_THAT(lines(network_rows(network, network.links)),
                ElementsAre("2 v4 on link from 10.1.0.1 mtu 1500", "2 v4 resolve from 10.1.0.1 mtu 1500",
                            "2 v4 via 192.0.2.254 from 192.0.2.1 mtu 1500"));
}

TEST(NetworkRows, a_device_without_an_address_borrows_one) {
    Network network{
        .links = {link(2), link(3)}, .addresses = {address(3, "192.0.2.3/24")}, .routes = {route("0.0.0.0/0", 2)}};
    EXPECT_THAT(lines(network_rows(network, network.links)), testing::Contains("2 v4 on link from 192.0.2.3 mtu 1500"))
        << "of another device";
    network.routes[0].source = parse_addr("198.51.100.1").value();
    EXPECT_THAT(lines(network_rows(network, network.links)),
                testing::Contains("2 v4 on link from 198.51.100.1 mtu 1500"))
        << "of its default route";
}

TEST(NetworkRows, without_any_address_a_family_has_rows_only_where_it_has_a_route) {
    const Network network{.links = {link(2)}, .addresses = {}, .routes = {route("2001:db8::/32", 2, "fe80::1")}};
    EXPECT_THAT(lines(network_rows(network, network.links)),
                ElementsAre("2 v6 on link from :: mtu 1500", "2 v6 resolve from :: mtu 1500",
                            "2 v6 via fe80::1 from :: mtu 1500"));
}

TEST(NetworkRows, addresses_are_those_of_all_devices_but_loopback_ones) {
    Network network{.links = {link(2)},
                    .addresses = {address(1, "127.0.0.1/8"), address(1, "::1/128"), address(1, "192.0.2.9/32"),
                                  address(2, "192.0.2.1/24"), address(3, "2001:db8::3/64")}};
    network.decisions = 77;
    const NetworkRows rows = network_rows(network, {});
    EXPECT_THAT(lines(rows), IsEmpty());
    EXPECT_EQ(rows.decisions, 77u);
    std::vector<std::string> texts;
    for (const Addr& addr : rows.addresses)
        texts.push_back(to_string(addr));
    EXPECT_THAT(texts, ElementsAre("192.0.2.1", "192.0.2.9", "2001:db8::3"));
}

TEST(NetworkRows, an_mtu_beyond_the_field_is_cut) {
    const Network network{.links = {link(2, 65536)}, .addresses = {address(2, "192.0.2.1/24")}, .routes = {}};
    EXPECT_EQ(network_rows(network, network.links).hops.begin()->second.mtu, 65535);
}

}  // namespace
}  // namespace beeline::kernel
