#include "kernel/network_apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

const Slots everything{abi::slot_global};
const auto written_nothing = ElementsAre("grace");  // a new agent looks once for devices nobody wants

abi::NexthopKey key(std::uint32_t ifindex, abi::u8 family = 4) {
    abi::NexthopKey key{};
    key.ifindex = ifindex;
    key.family = family;
    return key;
}
abi::Hop hop(std::uint32_t ifindex, abi::u16 mtu = 1500) {
    abi::Hop hop{};
    hop.ifindex = ifindex;
    hop.mtu = mtu;
    hop.flags = abi::hop_on_link;
    return hop;
}
NetworkRows network(std::uint32_t decisions, NetworkApply::Hops hops, std::set<Addr> addresses = {}) {
    return {.hops = std::move(hops), .addresses = std::move(addresses), .decisions = decisions};
}
Prefix prefix(std::string_view text) {
    return parse_prefix(text).value();
}

struct NetworkNode : FakeNode {
    plan::Plan plan = plan_of(1, {});
    const plan::Status& take(NetworkRows rows) {
        applier->set_network(std::move(rows));
        return apply(plan);
    }
    const abi::Nexthop* nexthop(const abi::NexthopKey& key) { return maps["bl_nexthops"].find<abi::Nexthop>(key); }
    abi::Hop hop_named(const abi::NexthopKey& key) {
        const abi::Nexthop* row = nexthop(key);
        const abi::Hop* hop = row == nullptr ? nullptr : maps["bl_hops"].find<abi::Hop>(row->hop);
        return hop == nullptr ? abi::Hop{} : *hop;
    }
};

TEST(NetworkApply, the_hop_is_written_before_the_row_that_names_it_and_routes_are_noted_last) {
    NetworkNode node;
    node.take(network(7, {{key(2), hop(2)}}));
    EXPECT_THAT(node.journal,
                ElementsAre("put bl_hops", "put bl_nexthops", "bump", "grace", "bump", "put bl_nexthops"));
    EXPECT_EQ(node.slots(), everything);
    const abi::Nexthop* row = node.nexthop(key(2));
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->check, abi::row_check(key(2), *row));
    EXPECT_EQ(node.hop_named(key(2)).ifindex, 2u);
}

TEST(NetworkApply, the_same_again_does_nothing_not_even_for_a_new_agent) {
    NetworkNode node;
    const NetworkRows rows = network(7, {{key(2), hop(2)}});
    node.take(rows);
    node.take(rows);
    EXPECT_THAT(node.journal, IsEmpty());
    ASSERT_TRUE(node.restart());
    node.take(rows);
    EXPECT_THAT(node.journal, written_nothing);
}

TEST(NetworkApply, other_routes_are_a_change_for_all_flows_also_while_there_was_no_agent) {
    NetworkNode node;
    node.take(network(7, {{key(2), hop(2)}}));
    node.take(network(8, {{key(2), hop(2)}}));
    EXPECT_THAT(node.journal, ElementsAre("bump", "grace", "bump", "switch bl_nexthops"));
    EXPECT_EQ(node.slots(), everything);
    ASSERT_TRUE(node.restart());
    node.take(network(9, {{key(2), hop(2)}}));
    EXPECT_EQ(node.slots(), everything);
}

TEST(NetworkApply, a_changed_hop_is_a_new_row_and_the_old_one_goes_after_the_grace_period) {
    NetworkNode node;
    node.take(network(7, {{key(2), hop(2)}}));
    const std::uint32_t before = node.nexthop(key(2))->hop;
    node.take(network(7, {{key(2), hop(2, 1400)}}));
    EXPECT_THAT(node.journal, ElementsAre("put bl_hops", "switch bl_nexthops", "bump", "grace", "bump", "put bl_hops"));
    EXPECT_NE(node.nexthop(key(2))->hop, before);
    EXPECT_EQ(node.hop_named(key(2)).mtu, 1400);
    EXPECT_EQ(node.maps["bl_hops"].find<abi::Hop>(before)->ifindex, 0u);
}

TEST(NetworkApply, a_device_that_goes_takes_its_rows) {
    NetworkNode node;
    node.take(network(7, {{key(2), hop(2)}, {key(3), hop(3)}}));
    node.take(network(7, {{key(3), hop(3)}}));
    EXPECT_THAT(node.journal, ElementsAre("erase bl_nexthops", "bump", "grace", "bump", "put bl_hops"));
    EXPECT_EQ(node.nexthop(key(2)), nullptr);
    EXPECT_EQ(node.hop_named(key(3)).ifindex, 3u);
}

TEST(NetworkApply, hops_of_containers_and_of_the_network_do_not_free_each_other) {
    NetworkNode node;
    node.plan = plan_of(1, {}, {endpoint(1)});
    node.take(network(7, {{key(2), hop(2)}}));
    node.plan = plan_of(2, {}, {endpoint(1), endpoint(2)});
    node.apply(node.plan);
    EXPECT_EQ(node.hop_named(key(2)).ifindex, 2u);
    node.take(network(8, {}));
    const auto* row = node.maps["bl_endpoints4"].find<abi::Endpoint>(wire_addr<abi::Addr4>(addr("10.0.0.1")));
    ASSERT_NE(row, nullptr);
    EXPECT_NE(node.maps["bl_hops"].find<abi::Hop>(row->hop)->ifindex, 0u);
    node.plan = plan_of(3, {});
    node.take(network(9, {{key(2), hop(2)}}));
    EXPECT_EQ(node.hop_named(key(2)).ifindex, 2u);
}

TEST(NetworkApply, prefixes_that_are_not_masqueraded_come_and_go_for_all_flows) {
    NetworkNode node;
    node.plan.unmasked = {prefix("10.244.0.0/24"), prefix("fd00::/64")};
    node.apply(node.plan);
    EXPECT_THAT(node.journal, ElementsAre("put bl_unmasked4", "put bl_unmasked6", "bump", "grace", "bump"));
    EXPECT_EQ(node.slots(), everything);
    node.plan.unmasked = {prefix("10.244.0.0/24"), prefix("10.0.0.0/8")};
    node.apply(node.plan);
    EXPECT_THAT(node.journal, ElementsAre("put bl_unmasked4", "erase bl_unmasked6", "bump", "grace", "bump"));
    ASSERT_TRUE(node.restart());
    node.apply(node.plan);
    EXPECT_THAT(node.journal, written_nothing);
}

TEST(NetworkApply, what_does_not_fit_is_an_error_of_the_node_and_tried_again) {
    NetworkNode node;
    node.maps["bl_nexthops"].set_limit(1);
    node.maps["bl_unmasked4"].set_limit(0);
    node.plan.unmasked = {prefix("10.0.0.0/8")};
    EXPECT_THAT(node.take(network(7, {{key(2), hop(2)}, {key(3), hop(3)}})).errors,
                testing::UnorderedElementsAre("bl_unmasked4 is full", "bl_nexthops is full", "bl_nexthops is full"));
    node.maps["bl_nexthops"].set_limit(3);
    node.maps["bl_unmasked4"].set_limit(1);
    EXPECT_THAT(node.apply(node.plan).errors, IsEmpty());
    EXPECT_EQ(node.maps["bl_nexthops"].rows.size(), 3u);
    EXPECT_THAT(*node.applier->diff(), IsEmpty());
}

TEST(NetworkApply, addresses_of_the_node_are_the_host_whatever_a_manifest_says) {
    NetworkNode node;
    node.plan = plan_of(1, {}, {endpoint(1)});
    node.plan.identities = {{addr("192.0.2.1"), IdentityId{400}}};
    node.take(network(7, {}, {addr("192.0.2.1"), addr("2001:db8::1"), addr("10.0.0.1")}));
    auto row = [&node](const char* text) {
        return node.maps["bl_identities4"].find<abi::IdentityRow>(wire_addr<abi::Addr4>(addr(text)));
    };
    ASSERT_NE(row("192.0.2.1"), nullptr);
    EXPECT_EQ(row("192.0.2.1")->identity, abi::identity_host);
    EXPECT_EQ(row("192.0.2.1")->flags, abi::identity_is_node | abi::identity_node_port);
    EXPECT_EQ(row("10.0.0.1"), nullptr) << "a container has it";
    EXPECT_THAT(node.maps["bl_identities6"].rows, SizeIs(1));
    EXPECT_THAT(*node.applier->diff(), IsEmpty());
    node.take(network(7, {}, {}));
    EXPECT_EQ(row("192.0.2.1")->identity, 400u);
    EXPECT_THAT(node.slots(), Contains(slot_of(addr("192.0.2.1"))));
    EXPECT_THAT(node.slots(), Not(Contains(abi::slot_global))) << "no route has changed";
}

TEST(NetworkApply, before_the_network_is_known_its_rows_stay) {
    NetworkNode node;
    node.take(network(7, {{key(2), hop(2)}}));
    ASSERT_TRUE(node.restart());
    node.apply(node.plan);
    EXPECT_THAT(node.journal, written_nothing);
    EXPECT_EQ(node.hop_named(key(2)).ifindex, 2u);
}

TEST(NetworkApply, diff_tells_of_rows_that_others_changed) {
    NetworkNode node;
    node.plan.unmasked = {prefix("10.0.0.0/8")};
    node.take(network(7, {{key(2), hop(2)}}));
    node.maps["bl_nexthops"].rows.clear();
    node.maps["bl_unmasked4"].rows.clear();
    const auto diff = *node.applier->diff();
    ASSERT_THAT(diff, SizeIs(2));
    EXPECT_EQ(diff[0].key, "ifindex 2 IPv4 on link");
    EXPECT_EQ(diff[0].wanted, "mtu 1500 source none");
    EXPECT_EQ(diff[1].key, "10.0.0.0/8");
    node.applier->resync();
    EXPECT_THAT(*node.applier->diff(), IsEmpty());
}

}  // namespace
}  // namespace beeline::kernel
