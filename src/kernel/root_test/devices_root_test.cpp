// Devices, addresses and routes alone: no program is loaded.
#include <gmock/gmock.h>

#include <cstdlib>

#include "kernel/container.h"
#include "kernel/host_pair.h"
#include "kernel/link_events.h"
#include "kernel/netns.h"
#include "kernel/root_test/sandbox.h"

namespace beeline::kernel::test {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class HostPairTest : public NodeTest {};
class ContainerTest : public NodeTest {
protected:
    void SetUp() override { must(ensure_host_pair(netlink, node())); }
    ContainerLink ensure(const plan::Endpoint& e) {
        auto link = must(ensure_container(netlink, e, node()));
        if (!link) throw std::runtime_error("namespace is gone");
        return *link;
    }
};

Route route(const char* to, Ifindex device, const char* source) {
    return {.to = parse_prefix(to).value(), .device = device, .via = {}, .source = addr(source)};
}

TEST_F(HostPairTest, carries_the_router_addresses_and_the_routes) {
    const HostPair pair = must(ensure_host_pair(netlink, node()));
    EXPECT_TRUE(pair.host.up);
    EXPECT_TRUE(pair.net.up);
    EXPECT_EQ(pair.host.peer, pair.net.index);
    EXPECT_THAT(must(netlink.addresses(pair.host.index)), UnorderedElementsAre(addr("10.244.0.1"), addr("fd44::1")));
    EXPECT_THAT(must(netlink.addresses(pair.net.index)), IsEmpty());
    EXPECT_THAT(must(netlink.routes(Family::v4)),
                UnorderedElementsAre(route("10.244.0.0/24", pair.host.index, "10.244.0.1"),
                                     route("10.96.0.0/16", pair.host.index, "10.244.0.1")));
    EXPECT_THAT(must(netlink.routes(Family::v6)),
                UnorderedElementsAre(route("fd44::/64", pair.host.index, "fd44::1"),
                                     route("fd96::/112", pair.host.index, "fd44::1")));
    EXPECT_EQ(must(read_sysctl("net/ipv4/conf/beeline_host/rp_filter")), "0");
}

TEST_F(HostPairTest, is_adopted_the_second_time) {
    const HostPair first = must(ensure_host_pair(netlink, node()));
    const HostPair second = must(ensure_host_pair(netlink, node()));
    EXPECT_EQ(first.host.index, second.host.index);
    EXPECT_EQ(first.host.mac, second.host.mac);
}

TEST_F(HostPairTest, follows_a_new_configuration) {
    must(ensure_host_pair(netlink, node()));
    plan::Node other = node();
    other.routers = {addr("10.7.0.1")};
    other.pod_cidrs = {parse_prefix("10.7.0.0/24").value()};
    other.mtu = 1400;
    const HostPair pair = must(ensure_host_pair(netlink, other));
    EXPECT_EQ(pair.host.mtu, 1400u);
    EXPECT_EQ(pair.net.mtu, 1400u);
    EXPECT_THAT(must(netlink.addresses(pair.host.index)), UnorderedElementsAre(addr("10.7.0.1")));
    EXPECT_THAT(must(netlink.routes(Family::v6)), IsEmpty());
    EXPECT_THAT(must(netlink.routes(Family::v4)), Contains(route("10.7.0.0/24", pair.host.index, "10.7.0.1")));
    EXPECT_EQ(must(netlink.routes(Family::v4)).size(), 2u);
}

// Without IPv6 pods, on a kernel that gives devices a link-local address of their own.
TEST_F(HostPairTest, has_no_addresses_but_its_own_whatever_their_length) {
    plan::Node only_v4 = node();
    only_v4.routers = {addr("10.244.0.1")};
    const HostPair pair = must(ensure_host_pair(netlink, only_v4));
    ASSERT_EQ(std::system("ip addr add fe80::7/64 dev beeline_host nodad"), 0);
    ASSERT_EQ(std::system("ip addr add 10.9.0.1/24 dev beeline_host"), 0);
    must(ensure_host_pair(netlink, only_v4));
    EXPECT_THAT(must(netlink.addresses(pair.host.index)), UnorderedElementsAre(addr("10.244.0.1")));
}

TEST_F(HostPairTest, takes_no_link_local_address_without_ipv6_either) {
    plan::Node only_v4 = node();
    only_v4.routers = {addr("10.244.0.1")};
    must(ensure_host_pair(netlink, only_v4));
    for (const char* device : {"beeline_host", "beeline_net"})
        EXPECT_EQ(must(read_sysctl(std::string("net/ipv6/conf/") + device + "/addr_gen_mode")), "1") << device;
}

TEST_F(HostPairTest, an_address_that_is_gone_already_is_no_error) {
    const HostPair pair = must(ensure_host_pair(netlink, node()));
    EXPECT_TRUE(netlink.remove_address(pair.host, addr("10.9.0.1")));
    EXPECT_TRUE(netlink.remove_address(pair.host, addr("fe80::7")));
}

TEST_F(HostPairTest, a_half_made_pair_is_made_anew) {
    must(netlink.make_veth({"beeline_host", "stray", 1500}));
    const HostPair pair = must(ensure_host_pair(netlink, node()));
    EXPECT_EQ(pair.host.peer, pair.net.index);
    EXPECT_FALSE(must(netlink.link("stray")));
}

TEST_F(ContainerTest, is_whole_inside_and_down_outside) {
    const Container box("a");
    const ContainerLink link = ensure(endpoint(7, box));
    EXPECT_FALSE(link.up);
    const auto outside = must(netlink.link("bl7"));
    ASSERT_TRUE(outside);
    EXPECT_EQ(outside->index, link.host);
    EXPECT_FALSE(outside->up);
    EXPECT_THAT(must(netlink.addresses(link.host)), IsEmpty());
    EXPECT_EQ(must(read_sysctl("net/ipv4/conf/bl7/rp_filter")), "0");
    EXPECT_EQ(must(read_sysctl("net/ipv6/conf/bl7/addr_gen_mode")), "1");
    EXPECT_FALSE(must(netlink.link("eth0"))) << "the container's end was never here";
    box.run([&] {
        Netlink inside = must(Netlink::open());
        const auto eth0 = must(inside.link("eth0"));
        ASSERT_TRUE(eth0);
        EXPECT_TRUE(eth0->up);
        EXPECT_EQ(eth0->mac, link.container_mac);
        EXPECT_TRUE(must(inside.link("lo"))->up);
        EXPECT_THAT(must(inside.addresses(eth0->index)), Contains(addr("10.244.0.7")));
        EXPECT_THAT(must(inside.addresses(eth0->index)), Contains(addr("fd44::7")));
        const auto v4 = must(inside.routes(Family::v4)), v6 = must(inside.routes(Family::v6));
        EXPECT_EQ(v4.size(), 2u);
        EXPECT_EQ(v6.size(), 2u);
        EXPECT_THAT(v4, Contains(Route{{addr("0.0.0.0"), 0}, eth0->index, addr("10.244.0.1")}));
        EXPECT_THAT(v6, Contains(Route{{addr("::"), 0}, eth0->index, addr("fd44::1")}));
    });
}

TEST_F(ContainerTest, is_adopted_with_its_addresses_when_it_is_asked_for_again) {
    const Container box("a");
    const ContainerLink first = ensure(endpoint(7, box));
    must(netlink.set_up(*must(netlink.link("bl7"))));
    const ContainerLink second = ensure(endpoint(7, box));
    EXPECT_EQ(first.host, second.host);
    EXPECT_EQ(first.container_mac, second.container_mac);
    EXPECT_TRUE(second.up);
}

TEST_F(ContainerTest, a_half_made_one_is_finished) {
    const Container box("a");
    const auto netns = must(open_netns(box.path(), 0));
    must(netlink.make_veth({"bl7", "eth0", 1500, netns->get()}));
    const auto made = must(netlink.link("bl7"));
    EXPECT_EQ(ensure(endpoint(7, box)).host, made->index);
    box.run([] {
        Netlink inside = must(Netlink::open());
        EXPECT_EQ(must(inside.routes(Family::v4)).size(), 2u);
    });
}

TEST_F(ContainerTest, a_pair_into_another_namespace_is_replaced) {
    const Container old("old"), box("new");
    const ContainerLink before = ensure(endpoint(7, old));
    const ContainerLink after = ensure(endpoint(7, box));
    EXPECT_NE(before.host, after.host);
    old.run([] {
        Netlink inside = must(Netlink::open());
        EXPECT_FALSE(must(inside.link("eth0")));
    });
}

TEST_F(ContainerTest, a_namespace_that_is_gone_is_no_error) {
    Container box("a");
    plan::Endpoint e = endpoint(7, box);
    box.vanish();
    EXPECT_FALSE(must(ensure_container(netlink, e, node())));
    const Container heir("a");                          // same path, another namespace
    e.netns_inode = endpoint(7, heir).netns_inode + 1;  // not the heir's, whatever was given out meanwhile
    EXPECT_FALSE(must(ensure_container(netlink, e, node())));
}

TEST_F(ContainerTest, a_name_that_is_taken_inside_is_an_error_and_leaves_nothing) {
    const Container box("a");
    box.run([] { must(must(Netlink::open()).make_veth({"eth0", "other", 1500})); });
    const auto refused = ensure_container(netlink, endpoint(7, box), node());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exists);
    EXPECT_FALSE(must(netlink.link("bl7")));
}

TEST_F(ContainerTest, a_failure_half_way_leaves_nothing) {
    const Container box("a");
    plan::Node impossible = node();
    impossible.routers = {addr("10.244.0.1"), addr("ff02::1")};  // no route to a multicast gateway
    EXPECT_FALSE(ensure_container(netlink, endpoint(7, box), impossible));
    EXPECT_FALSE(must(netlink.link("bl7")));
}

TEST_F(ContainerTest, a_path_that_is_no_namespace_is_an_error) {
    Container box("a");
    plan::Endpoint e = endpoint(7, box);
    e.netns = "/proc/self/status";
    e.netns_inode = 0;
    const auto refused = ensure_container(netlink, e, node());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid);
}

TEST_F(ContainerTest, a_device_of_somebody_else_is_left_alone) {
    const Container box("a");
    plan::Endpoint e = endpoint(7, box);
    e.host_ifname = "lo";
    const auto refused = ensure_container(netlink, e, node());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exists);
    EXPECT_TRUE(must(netlink.link("lo")));
}

TEST_F(ContainerTest, a_device_that_goes_is_noticed) {
    LinkEvents events = must(LinkEvents::open());
    const Container box("a");
    ensure(endpoint(7, box));
    EXPECT_FALSE(Kernel::concerns_us({})) << "nothing happened";
    must(events.read());
    must(netlink.remove_link(*must(netlink.link("bl7"))));
    const auto seen = must(events.read());
    EXPECT_TRUE(Kernel::concerns_us(seen.links));
    EXPECT_THAT(must(events.read()).links, IsEmpty());
}

}  // namespace
}  // namespace beeline::kernel::test
