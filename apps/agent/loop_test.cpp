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
    config.flow_entries = 65536;
    config.event_buffer = 65536;
    config.tcp_timeout = std::chrono::seconds(100);
    config.udp_timeout = std::chrono::seconds(20);
    config.icmp_timeout = std::chrono::seconds(3);
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
}

TEST(KernelOptions, ASmallFlowTableKeepsItsLruTablesLargeEnough) {
    Config config;
    config.flow_entries = 4096;
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
}

}  // namespace
}  // namespace beeline::agent
