#include "kernel/uplinks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace beeline::kernel {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::uint32_t bridge = 5, vrf = 9;

LinkInfo link(std::uint32_t index, const std::string& name, const std::string& kind = "") {
    LinkInfo info;
    info.index = Ifindex{index};
    info.name = name;
    info.kind = kind;
    info.up = true;
    return info;
}

struct Node {
    Network network{};

    LinkInfo& add(const LinkInfo& info) { return network.links.emplace_back(info); }
    void address(std::uint32_t device, const char* text, bool global = true) {
        network.addresses.push_back(
            {.device = Ifindex{device}, .addr = parse_addr(text).value(), .length = 24, .global = global});
    }
    void gateway(std::uint32_t device, const char* via) {
        network.routes.push_back({.to = {}, .device = Ifindex{device}, .via = parse_addr(via).value()});
    }
};

// One of each sort that nodes have.
Network everything() {
    Node node;
    node.add(link(1, "lo")).loopback = true;
    node.address(1, "127.0.0.1", false);
    node.add(link(2, "eth0"));
    node.address(2, "192.0.2.1");
    node.add(link(3, "eth1"));  // no address
    node.add(link(4, "eth2")).up = false;
    node.address(4, "192.0.2.2");
    node.add(link(bridge, "br0", "bridge"));
    node.address(bridge, "192.0.2.3");
    node.add(link(6, "eth3")).master = Ifindex{bridge};
    node.address(6, "192.0.2.4");
    node.add(link(7, "bond0.100", "vlan"));
    node.address(7, "2001:db8::7");
    node.add(link(8, "veth7", "veth"));
    node.address(8, "192.0.2.8");
    node.add(link(vrf, "vrf0", "vrf"));
    node.add(link(10, "eth4")).master = Ifindex{vrf};
    node.address(10, "192.0.2.10");
    node.add(link(11, "beeline_host", "veth")).group = our_group;
    node.address(11, "10.244.0.1");
    node.add(link(12, "wan", "veth"));
    node.address(12, "192.0.2.12");
    node.gateway(12, "192.0.2.254");
    node.add(link(13, "eth5"));
    node.address(13, "169.254.1.1", false);
    return node.network;
}

std::vector<std::string> names(const Uplinks& uplinks) {
    std::vector<std::string> names;
    for (const LinkInfo& device : uplinks.devices)
        names.push_back(device.name);
    return names;
}

TEST(Uplinks, are_chosen_by_name_by_pattern_or_found) {
    struct Row {
        const char* sentence;
        std::vector<std::string> wanted, devices, problems;
    };
    const Row rows[] = {
        {"found: those that lead out of the machine", {}, {"eth0", "bond0.100", "eth4", "wan"}, {}},
        {"found, but one", {"!eth0"}, {"bond0.100", "eth4", "wan"}, {}},
        {"found, but some", {"!eth*", "!w?n"}, {"bond0.100"}, {}},
        {"by name", {"eth0"}, {"eth0"}, {}},
        {"by name, whatever it is", {"br0", "eth1"}, {"eth1", "br0"}, {}},
        {"by pattern", {"eth*"}, {"eth0", "eth1", "eth3", "eth4", "eth5"}, {}},
        {"by pattern, but one", {"!eth3", "eth*"}, {"eth0", "eth1", "eth4", "eth5"}, {}},
        {"a name with a dot is no pattern", {"bond0.100"}, {"bond0.100"}, {}},
        {"a pattern that nothing matches", {"en*"}, {}, {}},
        {"a name that nothing has", {"eth7", "eth0"}, {"eth0"}, {"devices: eth7: no such device"}},
        {"a device that is down", {"eth2"}, {}, {"devices: eth2: is down"}},
        {"loopback", {"lo"}, {}, {"devices: lo: leads to no other node"}},
        {"a device of ours", {"beeline_*"}, {}, {}},
        {"a name that is left out", {"eth7", "!eth7"}, {}, {}},
    };
    for (const Row& row : rows) {
        const Uplinks uplinks = choose_uplinks(row.wanted, everything());
        EXPECT_EQ(names(uplinks), row.devices) << row.sentence;
        EXPECT_EQ(uplinks.problems, row.problems) << row.sentence;
    }
}

TEST(Uplinks, a_node_without_a_network_has_none) {
    EXPECT_THAT(choose_uplinks({}, {}).devices, IsEmpty());
    EXPECT_THAT(choose_uplinks({"eth0"}, {}).problems, ElementsAre("devices: eth0: no such device"));
}

TEST(Uplinks, have_xdp_as_the_first_match_says) {
    const std::vector<XdpChoice> choices{{"eth1", Xdp::off}, {"eth*", Xdp::native}, {"*", Xdp::generic}};
    EXPECT_EQ(xdp_of(choices, "eth0"), Xdp::native);
    EXPECT_EQ(xdp_of(choices, "eth1"), Xdp::off);
    EXPECT_EQ(xdp_of(choices, "wan"), Xdp::generic);
    EXPECT_EQ(xdp_of({}, "eth0"), Xdp::off);
}

}  // namespace
}  // namespace beeline::kernel
