#include "kernel/vlan.h"

#include <gtest/gtest.h>

namespace beeline::kernel {
namespace {

LinkInfo link(std::uint32_t index, const std::string& name, const std::string& kind, std::uint32_t below) {
    LinkInfo info;
    info.index = Ifindex{index};
    info.name = name;
    info.kind = kind;
    info.peer = Ifindex{below};
    return info;
}

TEST(Vlan, a_device_has_those_that_stand_on_it) {
    Network network;
    network.links = {link(2, "eth0", "", 0), link(3, "eth1", "", 0), link(4, "eth0.100", "vlan", 2),
                     link(5, "macvlan0", "macvlan", 3)};
    EXPECT_EQ(vlan_on(network.links[0], network), "eth0.100");
    EXPECT_EQ(vlan_on(network.links[1], network), "");
    EXPECT_EQ(vlan_on(network.links[2], network), "");
}

TEST(Vlan, a_device_that_cannot_be_asked_is_taken_to_hide_tags) {
    EXPECT_TRUE(hides_tags(link(2, "nosuchdevice", "", 0)));
    EXPECT_TRUE(hides_tags(link(2, "a name that is longer than any device has", "", 0)));
    EXPECT_FALSE(hides_tags(link(1, "lo", "", 0)));
    EXPECT_TRUE(hides_tags(link(1, "lo", "veth", 0))) << "its peer takes them off";
}

}  // namespace
}  // namespace beeline::kernel
