#include "apps/agent/loop.h"

#include <gtest/gtest.h>

namespace beeline::agent {
namespace {

TEST(KernelOptions, FollowTheConfiguration) {
    Config config;
    config.bpffs = "/b";
    config.cgroup = "/c";
    config.devices = {"eth0"};
    config.delivery = Delivery::veth;
    config.attach = Attach::clsact;
    config.flows.entries = 65536;
    config.flows.endpoint_quota = 1000;
    config.event_buffer = 65536;
    config.flows.timeouts = {.tcp = 100, .udp_replied = 20, .icmp = 3};
    config.masquerade = {.v4 = false, .v6 = true, .first = 5000, .last = 5999};
    config.routing = kernel::Routing::host;
    config.mark = 0x200;
    config.tunnel_port = 7000;
    const auto options = kernel_options(config);
    EXPECT_EQ(options.bpffs, "/b");
    EXPECT_EQ(options.cgroup, "/c");
    EXPECT_EQ(options.devices, (std::vector<std::string>{"eth0"}));
    EXPECT_EQ(options.delivery, kernel::Delivery::veth);
    EXPECT_EQ(options.attach, kernel::Attach::clsact);
    EXPECT_EQ(options.table_sizes.at("bl_flows4"), 65536u);
    EXPECT_EQ(options.table_sizes.at("bl_flows6"), 32768u);
    EXPECT_EQ(options.table_sizes.at("bl_young4"), 16384u);
    EXPECT_EQ(options.table_sizes.at("bl_young6"), 8192u);
    EXPECT_EQ(options.table_sizes.at("bl_events"), 65536u);
    EXPECT_EQ(options.timeouts.tcp, 100u);
    EXPECT_EQ(options.timeouts.udp_replied, 20u);
    EXPECT_EQ(options.timeouts.icmp, 3u);
    EXPECT_EQ(options.endpoint_quota, 1000u);
    EXPECT_FALSE(options.masquerade.v4);
    EXPECT_EQ(options.masquerade.first, 5000);
    EXPECT_EQ(options.masquerade.last, 5999);
    EXPECT_EQ(options.routing, kernel::Routing::host);
    EXPECT_EQ(options.mark, 0x200u);
    EXPECT_EQ(options.tunnel_port, 7000);
}

TEST(KernelOptions, ASmallFlowTableKeepsItsLruTablesLargeEnough) {
    Config config;
    config.flows.entries = 4096;
    EXPECT_EQ(kernel_options(config).table_sizes.at("bl_young6"), 4096u);
}

TEST(KernelOptions, TheDefaultsAreThoseOfTheDatapath) {
    const auto ours = kernel_options(Config{});
    const kernel::Options theirs;
    EXPECT_EQ(ours.bpffs, theirs.bpffs);
    EXPECT_EQ(ours.cgroup, theirs.cgroup);
    EXPECT_EQ(ours.delivery, theirs.delivery);
    EXPECT_EQ(ours.attach, theirs.attach);
    EXPECT_EQ(ours.timeouts.tcp, theirs.timeouts.tcp);
    EXPECT_EQ(ours.timeouts.udp_replied, theirs.timeouts.udp_replied);
    EXPECT_EQ(ours.timeouts.icmp, theirs.timeouts.icmp);
    EXPECT_EQ(ours.routing, theirs.routing);
    EXPECT_EQ(ours.mark, theirs.mark);
    EXPECT_EQ(ours.masquerade.first, theirs.masquerade.first);
    EXPECT_EQ(ours.masquerade.last, theirs.masquerade.last);
}

}  // namespace
}  // namespace beeline::agent
