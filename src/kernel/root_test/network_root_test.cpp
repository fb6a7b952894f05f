// The node's own network: what is read of it, programs and rows of its devices, and what happens when it changes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "ebpf/attach_clsact.h"
#include "ebpf/attach_tcx.h"
#include "kernel/attach.h"
#include "kernel/network.h"
#include "kernel/pins.h"
#include "kernel/root_test/kernel_fixture.h"

namespace beeline::kernel::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

void sh(const std::string& command) {
    EXPECT_EQ(std::system(command.c_str()), 0) << command;
}

// A device of the node that is not Beeline's, and its other end: a kernel may have no dummy devices. Without duplicate
// address detection, whose end would be a notice at any time.
struct Wan {
    explicit Wan(std::string device = "wan0") : name(std::move(device)) {
        sh(
            fmt::format("ip link add {0} mtu 1400 type veth peer name {0}p && "
                        "for dev in {0} {0}p; do echo 0 > /proc/sys/net/ipv6/conf/$dev/accept_dad; done && "
                        "ip link set {0}p up && "
                        "ip link set {0} up && ip addr add 192.0.2.1/24 dev {0} && "
                        "ip addr add 2001:db8::1/64 dev {0} nodad",
                        name));
    }
    ~Wan() { std::system(("ip link del " + name + " 2>/dev/null").c_str()); }
    Wan(const Wan&) = delete;
    Wan& operator=(const Wan&) = delete;
    std::string name;
};

class NetworkTest : public NodeTest {};

TEST_F(NetworkTest, is_read_with_all_next_hops_of_all_tables) {
    const Wan wan;
    sh("ip route add default via 192.0.2.254 && ip -6 route add default via fe80::1 dev wan0 mtu 1300 && "
       "ip route add 198.51.100.0/24 via inet6 fe80::2 dev wan0 table 77 && "
       "ip route add 203.0.113.0/24 nexthop via 192.0.2.253 nexthop via 192.0.2.252 weight 3 && "
       "ip route add 10.0.0.0/8 dev wan0 src 192.0.2.1");
    const Network network = must(netlink.network());
    std::vector<std::string> routes;
    for (const RouteHop& route : network.routes)
        routes.push_back(fmt::format("{} via {} src {} table {} mtu {}", to_string(route.to),
                                     route.via ? to_string(*route.via) : "-",
                                     route.source ? to_string(*route.source) : "-", route.table, route.mtu));
    for (const char* line :
         {"0.0.0.0/0 via 192.0.2.254 src - table 254 mtu 0", "::/0 via fe80::1 src - table 254 mtu 1300",
          "198.51.100.0/24 via fe80::2 src - table 77 mtu 0", "203.0.113.0/24 via 192.0.2.253 src - table 254 mtu 0",
          "203.0.113.0/24 via 192.0.2.252 src - table 254 mtu 0", "10.0.0.0/8 via - src 192.0.2.1 table 254 mtu 0"})
        EXPECT_THAT(routes, Contains(line));
    EXPECT_THAT(routes, Not(Contains(HasSubstr("fe80::/64")))) << "every device has that";
    std::vector<std::string> addresses;
    for (const NodeAddress& address : network.addresses)
        if (address.global && address.usable)
            addresses.push_back(fmt::format("{}/{}", to_string(address.addr), address.length));
    EXPECT_THAT(addresses, ElementsAre("192.0.2.1/24", "2001:db8::1/64"));
}

TEST_F(NetworkTest, the_oldest_address_of_a_family_comes_first) {
    const Wan wan;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    sh("ip addr add 2001:db8::2/64 dev wan0 nodad && ip addr add 192.0.2.2/24 dev wan0");
    std::vector<std::string> addresses;
    for (const NodeAddress& address : must(netlink.network()).addresses)
        if (address.global) addresses.push_back(to_string(address.addr));
    EXPECT_THAT(addresses, ElementsAre("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"));
}

TEST_F(NetworkTest, differs_when_routes_or_rules_do_and_not_otherwise) {
    const Wan wan;
    sh("ip route add 203.0.113.0/24 nexthop via 192.0.2.253 nexthop via 192.0.2.252 weight 3");
    Network before = must(netlink.network());
    EXPECT_EQ(must(netlink.network()), before);
    for (const char* change :
         {"ip rule add from 10.0.0.0/8 table 77",
          "ip route replace 203.0.113.0/24 nexthop via 192.0.2.253 nexthop via 192.0.2.252 weight 5",
          "ip route add blackhole 198.51.100.0/24", "ip link set wan0 mtu 1450", "ip -6 rule add fwmark 5 table 78"}) {
        sh(change);
        const Network now = must(netlink.network());
        EXPECT_FALSE(now == before) << change;
        before = now;
    }
    sh("ip rule del table 77; ip -6 rule del table 78; ip route del 198.51.100.0/24");
}

class UplinkTest : public KernelTest {
protected:
    std::vector<std::string> programs_on(const std::string& device) {
        std::vector<std::string> programs;
        for (const auto& hook : must(kernel->hooks()))
            if (hook.device == device) programs.push_back(hook.hook + " " + hook.program);
        return programs;
    }
    std::vector<std::string> rows_of(const std::string& map) {
        std::vector<std::string> rows;
        for (const auto& row : must(kernel->map_rows()))
            if (row.map == map && row.key != "routes") rows.push_back(row.key);
        return rows;
    }
    static std::uint32_t global_epoch() {
        const auto map = *ebpf::RawMap::from_pin(Pins(bpffs()).map("bl_epochs"));
        std::vector<std::uint32_t> epochs(map.info().value_size / sizeof(std::uint32_t));
        const std::uint32_t key = 0;
        EXPECT_TRUE(map.lookup(std::as_bytes(std::span(&key, 1)), std::as_writable_bytes(std::span(epochs))));
        return epochs.at(abi::slot_global);
    }
    static std::uint32_t index_of(const std::string& device) {
        return must(must(Netlink::open()).link(device))->index.value;
    }
};

TEST_F(UplinkTest, has_programs_rows_and_an_identity) {
    const Wan wan;
    sh("ip route add default via 192.0.2.254");
    start();
    const plan::Status status = kernel->apply(both());
    expect_clean(status);
    EXPECT_THAT(status.devices, ElementsAre("wan0"));
    EXPECT_THAT(programs_on("wan0"), ElementsAre("tcx/ingress bl_from_netdev", "tcx/egress bl_to_netdev"));
    const auto index = index_of("wan0");
    EXPECT_THAT(rows_of("bl_nexthops"),
                testing::UnorderedElementsAre(fmt::format("ifindex {} IPv4 on link", index),
                                              fmt::format("ifindex {} IPv4 by any gateway", index),
                                              fmt::format("ifindex {} IPv4 via 192.0.2.254", index),
                                              fmt::format("ifindex {} IPv6 on link", index),
                                              fmt::format("ifindex {} IPv6 by any gateway", index)));
    EXPECT_THAT(rows_of("bl_identities4"), Contains("192.0.2.1"));
    EXPECT_THAT(rows_of("bl_identities6"), Contains("2001:db8::1"));
    EXPECT_THAT(must(kernel->diff()), IsEmpty());
}

TEST_F(UplinkTest, a_restart_changes_nothing_and_containers_are_no_change_of_the_network) {
    const Wan wan;
    sh("ip route add default via 192.0.2.254");
    start();
    kernel->apply(plan_of(1, {endpoint(2, a)}));
    const auto epoch = global_epoch();
    kernel->apply(both());
    EXPECT_FALSE(kernel->network_changed());
    start();
    kernel->apply(both());
    EXPECT_FALSE(kernel->network_changed());
    EXPECT_EQ(global_epoch(), epoch);
}

TEST_F(UplinkTest, routes_that_change_are_a_change_for_all_flows_once) {
    const Wan wan;
    sh("ip route add default via 192.0.2.254");
    start();
    kernel->apply(both());
    must(kernel->read_link_events());
    const auto epoch = global_epoch();
    sh("ip route add 198.51.100.0/24 via 192.0.2.253");
    EXPECT_TRUE(must(kernel->read_link_events()).network);
    const auto status = kernel->network_changed();
    ASSERT_TRUE(status);
    expect_clean(*status);
    EXPECT_NE(global_epoch(), epoch);
    EXPECT_THAT(rows_of("bl_nexthops"), Contains(HasSubstr("via 192.0.2.253")));
    EXPECT_FALSE(kernel->network_changed());
    EXPECT_FALSE(must(kernel->read_link_events()).network) << "applying gives no new notice";
}

TEST_F(UplinkTest, a_device_that_goes_down_or_away_takes_its_rows_and_comes_back) {
    const Wan wan;
    wanted.devices = {"wan[0.]*", "!*p", "eth7"};
    start();
    EXPECT_THAT(kernel->apply(both()).errors, ElementsAre("devices: eth7: no such device"));
    for (const char* away : {"ip link set wan0 down", "ip link del wan0"}) {
        sh(away);
        const auto status = kernel->network_changed();
        ASSERT_TRUE(status) << away;
        EXPECT_THAT(status->devices, IsEmpty()) << away;
        EXPECT_THAT(rows_of("bl_nexthops"), IsEmpty()) << away;
        EXPECT_THAT(programs_on("wan0"), IsEmpty()) << away;
        if (must(netlink.link("wan0"))) {
            EXPECT_THAT(*ebpf::query_tcx(index_of("wan0"), ebpf::TcxHook::ingress), IsEmpty());
            sh("ip link set wan0 up");
            ASSERT_TRUE(kernel->network_changed());
            EXPECT_THAT(programs_on("wan0"), SizeIs(2));
        }
    }
    const Wan again;
    ASSERT_TRUE(kernel->network_changed());
    EXPECT_THAT(programs_on("wan0"), SizeIs(2));
    sh("ip link set wan0 down && ip link set wan0 name wan.1 && ip link set wan.1 up");
    ASSERT_TRUE(kernel->network_changed());
    EXPECT_THAT(programs_on("wan.1"), SizeIs(2)) << "renamed, and with a dot that no pin may have";
    sh("ip link del wan.1");
}

TEST_F(UplinkTest, without_tcx_filters_of_others_stay_and_ours_go) {
    const Wan wan, other("wan1");
    wanted.attach = Attach::clsact;
    wanted.devices = {"wan0", "wan1"};
    start();
    const ebpf::ClsactPlace foreign{index_of("wan0"), ebpf::ClsactHook::ingress, 1, 7};
    const auto program = *ebpf::Program::from_pin(Pins(bpffs()).program("bl_to_host"));
    ASSERT_TRUE(ebpf::attach_clsact(program, foreign));
    expect_clean(kernel->apply(both()));
    EXPECT_THAT(programs_on("wan0"), ElementsAre("clsact/ingress bl_from_netdev", "clsact/egress bl_to_netdev"));
    wanted.devices = {"wan1"};
    start();
    expect_clean(kernel->apply(both()));
    auto ours_on = [](const std::string& device) {
        return ebpf::query_clsact({index_of(device), ebpf::ClsactHook::ingress, clsact_handle, clsact_priority})
            ->has_value();
    };
    EXPECT_FALSE(ours_on("wan0")) << "a new agent with other devices takes them off";
    EXPECT_TRUE(ours_on("wan1"));
    must(kernel->remove_all());
    EXPECT_FALSE(ours_on("wan1"));
    EXPECT_TRUE(must(netlink.link("wan1"))) << "the device is the node's";
    EXPECT_TRUE(ebpf::query_clsact(foreign)->has_value());
}

TEST_F(UplinkTest, uninstall_takes_the_links_off_and_leaves_the_device) {
    const Wan wan;
    wanted.devices = {"wan0"};
    start();
    kernel->apply(both());
    kernel.reset();
    must(Kernel::uninstall(wanted));
    EXPECT_TRUE(must(netlink.link("wan0")));
    EXPECT_THAT(*ebpf::query_tcx(index_of("wan0"), ebpf::TcxHook::ingress), IsEmpty());
    EXPECT_THAT(*ebpf::query_tcx(index_of("wan0"), ebpf::TcxHook::egress), IsEmpty());
}

}  // namespace
}  // namespace beeline::kernel::test
