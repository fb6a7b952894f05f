#include "kernel/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/family.h"

namespace beeline::kernel {
namespace {

Prefix prefix(std::string_view text) {
    return parse_prefix(text).value();
}
Addr addr(std::string_view text) {
    return parse_addr(text).value();
}

plan::Node node() {
    return {.routers = {addr("10.244.1.1"), addr("fd44:1::1")},
            .pod_cidrs = {prefix("10.244.1.0/24"), prefix("fd44:1::/64")},
            .service_cidrs = {prefix("10.96.0.0/12")}};
}
Facts facts() {
    return {.hz = 250,
            .redirect_peer = true,
            .kern_ctx = true,
            .csum_ipv6 = false,
            .tcx = true,
            .strict_rp_filter = false,
            .host = Ifindex{7},
            .net = Ifindex{8}};
}

TEST(Config, networks_are_masks_in_wire_order) {
    const auto config = make_config({}, node(), facts());
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->ready, 1u);
    EXPECT_EQ(value_addr(config->pod_net4), addr("10.244.1.0"));
    EXPECT_EQ(value_addr(config->pod_mask4), addr("255.255.255.0"));
    EXPECT_EQ(value_addr(config->service_mask4), addr("255.240.0.0"));
    EXPECT_EQ(value_addr(config->pod_mask6), addr("ffff:ffff:ffff:ffff::"));
    EXPECT_EQ(value_addr(config->router6), addr("fd44:1::1"));
    EXPECT_EQ(value_addr(config->service_net6), addr("::")) << "none";
    EXPECT_EQ(value_addr(config->service_mask6), addr("::"));
    EXPECT_EQ(config->host_ifindex, 7u);
    EXPECT_EQ(config->net_ifindex, 8u);
}

TEST(Config, delivery_falls_back_where_the_kernel_or_the_user_says_so) {
    Options options;
    Facts found = facts();
    EXPECT_EQ(make_config(options, node(), found)->deliver_peer, 1);
    found.redirect_peer = false;
    EXPECT_EQ(make_config(options, node(), found)->deliver_peer, 0);
    found.redirect_peer = true;
    options.delivery = Delivery::veth;
    EXPECT_EQ(make_config(options, node(), found)->deliver_peer, 0);
    found.strict_rp_filter = true;
    EXPECT_EQ(make_config(options, node(), found)->host_redirect, 1);
}

TEST(Config, times_are_in_units_of_64_jiffies_rounded_up) {
    EXPECT_EQ(flow_units(0, 250), 0u);
    EXPECT_EQ(flow_units(1, 250), 4u);
    EXPECT_EQ(flow_units(64, 1000), 1000u);
    EXPECT_EQ(flow_units(4294967295u, 1000), static_cast<std::uint32_t>(4294967295ull * 1000 / 64 + 1));
    EXPECT_DOUBLE_EQ(flow_seconds(1000, 1000), 64.0);
}

TEST(Config, flow_time_starts_300_seconds_before_jiffies_wrap_as_the_kernel_does) {
    EXPECT_EQ(flow_time(0, 250), (0x100000000ull - 75000) >> 6);
    EXPECT_EQ(flow_time(300'000'000'000, 1000), 0x100000000ull >> 6);
    EXPECT_EQ(flow_time(64'000'000'000, 250) - flow_time(0, 250), 250u);
}

TEST(Config, hz_is_a_rate_kernels_are_built_with) {
    EXPECT_THAT(measure_hz(), testing::AnyOf(100, 250, 300, 1000));
}

TEST(Config, traffic_with_others_is_as_the_options_say) {
    Facts found = facts();
    found.nat_secret = {7, 8};
    auto config = make_config({}, node(), found);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->remote, 1) << "devices may come later";
    EXPECT_EQ(config->host_routing, 0);
    EXPECT_EQ(config->masquerade4, 1);
    EXPECT_EQ(config->masquerade6, 1);
    EXPECT_EQ(config->nat_first, 1024);
    EXPECT_EQ(config->nat_last, 29999);
    EXPECT_EQ(config->nat_pause, 25);
    EXPECT_EQ(config->nat_secret[0], 7u);
    EXPECT_EQ(config->nat_secret[1], 8u);
    Options options;
    options.routing = Routing::host;
    options.masquerade = {.v4 = false, .v6 = true, .first = 5000, .last = 5000};
    found.hz = 1;
    config = make_config(options, node(), found);
    ASSERT_TRUE(config) << config.error().what;
    EXPECT_EQ(config->host_routing, 1);
    EXPECT_EQ(config->masquerade4, 0);
    EXPECT_EQ(config->nat_first, 5000);
    EXPECT_EQ(config->nat_last, 5000);
    EXPECT_EQ(config->nat_pause, 1) << "at least one";
}

TEST(Config, the_secret_is_random_once_and_then_that_of_the_configuration_before) {
    const auto fresh = nat_secret(std::nullopt);
    ASSERT_TRUE(fresh) << fresh.error().what;
    EXPECT_NE(*fresh, (std::array<std::uint32_t, 2>{}));
    EXPECT_NE(*fresh, *nat_secret(std::nullopt));
    Facts found = facts();
    found.nat_secret = *fresh;
    EXPECT_EQ(nat_secret(*make_config({}, node(), found)), *fresh);
    EXPECT_NE(nat_secret(abi::Config{}), (std::array<std::uint32_t, 2>{})) << "of a build that had none";
}

TEST(Config, what_does_not_make_sense_is_refused) {
    plan::Node two = node();
    two.pod_cidrs.push_back(prefix("10.245.0.0/24"));
    EXPECT_EQ(make_config({}, two, facts()).error().what,
              "pod CIDR: one prefix a family, not two: 10.244.1.0/24, 10.245.0.0/24");
    Options options;
    options.mark = 0x3000;
    EXPECT_EQ(make_config(options, node(), facts()).error().code, Errc::invalid);
    options = {};
    options.loopback4 = "::1";
    EXPECT_EQ(make_config(options, node(), facts()).error().code, Errc::invalid);
    options = {};
    options.masquerade.first = 0;
    EXPECT_EQ(make_config(options, node(), facts()).error().what, "masquerade: ports 0-29999 are no range");
    options.masquerade.first = 30000;
    EXPECT_EQ(make_config(options, node(), facts()).error().what, "masquerade: ports 30000-29999 are no range");
}

}  // namespace
}  // namespace beeline::kernel
