#include "kernel/endpoints_apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::ElementsAre;
using testing::IsEmpty;

const abi::Endpoint* row(FakeNode& node, std::string_view text) {
    return node.maps["bl_endpoints4"].find<abi::Endpoint>(wire_addr<abi::Addr4>(addr(text)));
}
Slots own_slots(const plan::Endpoint& e) {
    return {slot_of(*e.addr4), slot_of(*e.addr6)};
}
plan::Endpoint with_policy(std::uint16_t n, plan::PolicySet policy) {
    plan::Endpoint e = endpoint(n);
    e.policy = std::move(policy);
    return e;
}
std::size_t policy_rows(FakeNode& node) {
    return node.maps["bl_policy"].rows.size();
}

TEST(EndpointsApply, device_rows_switch_link_up_bump_in_this_order) {
    FakeNode node;
    const auto& status = node.apply(plan_of(1, {}, {with_policy(1, allow_from(301, 80))}));
    EXPECT_THAT(node.journal, ElementsAre("ensure bl1", "put bl_hops", "put bl_policy", "put bl_endpoints4",
                                          "put bl_endpoints6", "up bl1", "bump", "grace", "bump"));
    EXPECT_EQ(node.slots(), own_slots(endpoint(1)));
    EXPECT_EQ(status.up, (std::set{EndpointId{1}}));
    EXPECT_EQ(status.endpoints.at(EndpointId{1}).in_force.value, 1u);
}

TEST(EndpointsApply, the_row_is_sealed_and_names_hop_policy_and_mac) {
    FakeNode node;
    node.apply(plan_of(1, {}, {with_policy(1, allow_from(301, 80))}));
    const abi::Endpoint* e = row(node, "10.0.0.1");
    ASSERT_NE(e, nullptr);
    EXPECT_EQ(e->check, abi::row_check(wire_addr<abi::Addr4>(addr("10.0.0.1")), *e));
    EXPECT_EQ(e->id, 1);
    EXPECT_EQ(e->identity, 301u);
    EXPECT_EQ(e->policy, abi::policy_word(1, true, false, abi::shape_peer_port, 0));
    EXPECT_EQ(e->hop, 2u) << "rows 0 and 1 are taken";
    const auto* hop = node.maps["bl_hops"].find<abi::Hop>(e->hop);
    ASSERT_NE(hop, nullptr);
    EXPECT_EQ(hop->ifindex, e->ifindex);
    EXPECT_EQ(std::memcmp(hop->dmac, e->mac, 6), 0);
}

TEST(EndpointsApply, equal_policies_share_one_set_and_a_new_policy_is_a_new_set) {
    FakeNode node;
    node.apply(plan_of(1, {}, {with_policy(1, allow_from(9, 80)), with_policy(2, allow_from(9, 80))}));
    EXPECT_EQ(policy_rows(node), 1u);
    const auto set = abi::policy_set_of(row(node, "10.0.0.1")->policy);
    EXPECT_EQ(abi::policy_set_of(row(node, "10.0.0.2")->policy), set);
    node.apply(plan_of(2, {}, {with_policy(1, allow_from(9, 81)), with_policy(2, allow_from(9, 80))}));
    EXPECT_THAT(node.journal,
                ElementsAre("put bl_policy", "switch bl_endpoints4", "switch bl_endpoints6", "bump", "grace", "bump"));
    EXPECT_EQ(node.slots(), own_slots(endpoint(1)));
    EXPECT_NE(abi::policy_set_of(row(node, "10.0.0.1")->policy), set);
    EXPECT_EQ(abi::policy_set_of(row(node, "10.0.0.2")->policy), set);
    node.apply(plan_of(3, {}, {with_policy(1, allow_from(9, 81)), with_policy(2, allow_from(9, 81))}));
    EXPECT_EQ(node.journal.back(), "erase bl_policy") << "the set nobody names goes after the second bump";
    EXPECT_EQ(policy_rows(node), 1u);
}

TEST(EndpointsApply, a_policy_without_entries_needs_no_set) {
    FakeNode node;
    node.apply(plan_of(1, {}, {with_policy(1, {.isolated_ingress = true, .isolated_egress = true, .entries = {}})}));
    EXPECT_EQ(row(node, "10.0.0.1")->policy, abi::policy_word(0, true, true, 0, 0));
    EXPECT_EQ(policy_rows(node), 0u);
}

TEST(EndpointsApply, a_changed_identity_bumps_its_addresses) {
    FakeNode node;
    plan::Endpoint e = endpoint(1);
    node.apply(plan_of(1, {}, {e}));
    e.identity = IdentityId{777};
    node.apply(plan_of(2, {}, {e}));
    EXPECT_EQ(node.slots(), own_slots(e));
    EXPECT_EQ(row(node, "10.0.0.1")->identity, 777u);
}

TEST(EndpointsApply, removal_unlinks_bumps_addresses_and_hop_then_deletes) {
    FakeNode node;
    node.apply(plan_of(1, {}, {with_policy(1, allow_from(301, 80))}));
    const auto& status = node.apply(plan_of(2, {}, {}));
    EXPECT_THAT(node.journal, ElementsAre("erase bl_endpoints4", "erase bl_endpoints6", "bump", "grace", "bump",
                                          "remove bl1", "erase bl_policy", "put bl_hops"));
    Slots slots = own_slots(endpoint(1));
    slots.insert(abi::slot_hop(2));
    EXPECT_EQ(node.slots(), slots);
    EXPECT_THAT(status.endpoints, IsEmpty());
    EXPECT_THAT(status.up, IsEmpty());
}

TEST(EndpointsApply, an_address_that_moves_to_another_endpoint_keeps_its_new_row) {
    FakeNode node;
    node.apply(plan_of(1, {}, {endpoint(1)}));
    plan::Endpoint heir = endpoint(2);
    heir.addr4 = addr("10.0.0.1");
    node.apply(plan_of(2, {}, {heir}));
    ASSERT_NE(row(node, "10.0.0.1"), nullptr);
    EXPECT_EQ(row(node, "10.0.0.1")->id, 2);
}

TEST(EndpointsApply, a_new_agent_with_the_same_plan_writes_and_bumps_nothing) {
    FakeNode node;
    const auto plan = plan_of(1, {}, {with_policy(1, allow_from(301, 80)), endpoint(2)});
    node.apply(plan);
    ASSERT_TRUE(node.restart());
    const auto& status = node.apply(plan);
    EXPECT_THAT(node.journal, ElementsAre("ensure bl1", "ensure bl2", "grace"));
    EXPECT_THAT(node.slots(), IsEmpty());
    EXPECT_EQ(status.up.size(), 2u);
    node.apply(plan);
    EXPECT_THAT(node.journal, IsEmpty());
}

TEST(EndpointsApply, a_vanished_namespace_is_lost_and_cleaned_up) {
    FakeNode node;
    const auto plan = plan_of(1, {}, {endpoint(1), endpoint(2)});
    node.apply(plan);
    node.devices.devices.erase("bl1");
    node.devices.gone.insert("/run/netns/1");
    const auto& status = node.apply(plan);
    EXPECT_EQ(status.lost, (std::set{EndpointId{1}}));
    EXPECT_EQ(status.up, (std::set{EndpointId{2}}));
    EXPECT_EQ(status.endpoints.at(EndpointId{1}).error, "its network namespace is gone");
    EXPECT_EQ(row(node, "10.0.0.1"), nullptr);
    EXPECT_NE(row(node, "10.0.0.2"), nullptr);
}

TEST(EndpointsApply, a_deleted_device_is_made_again_under_a_new_hop) {
    FakeNode node;
    const auto plan = plan_of(1, {}, {endpoint(1)});
    node.apply(plan);
    node.devices.devices.erase("bl1");
    node.apply(plan);
    EXPECT_EQ(row(node, "10.0.0.1")->ifindex, node.devices.devices.at("bl1").index.value);
    EXPECT_EQ(row(node, "10.0.0.1")->hop, 3u) << "row 2 may still be read";
    EXPECT_TRUE(node.slots().contains(abi::slot_hop(2)));
    EXPECT_EQ(node.maps["bl_hops"].find<abi::Hop>(2u)->ifindex, 0u) << "cleared after the grace period";
    EXPECT_TRUE(node.devices.devices.at("bl1").up);
}

TEST(EndpointsApply, a_link_that_was_set_down_is_set_up_again) {
    FakeNode node;
    const auto plan = plan_of(1, {}, {endpoint(1)});
    node.apply(plan);
    node.devices.devices.at("bl1").up = false;
    node.apply(plan);
    EXPECT_TRUE(node.devices.devices.at("bl1").up);
}

TEST(EndpointsApply, one_endpoint_that_fails_does_not_stop_the_others) {
    FakeNode node;
    node.devices.broken.insert("/run/netns/1");
    const auto& status = node.apply(plan_of(1, {}, {endpoint(1), endpoint(2)}));
    EXPECT_EQ(status.endpoints.at(EndpointId{1}).error, "/run/netns/1 refuses");
    EXPECT_EQ(status.up, (std::set{EndpointId{2}}));
}

TEST(EndpointsApply, a_policy_that_does_not_fit_never_gets_its_endpoint_a_link) {
    FakeNode node;
    node.maps["bl_policy"].set_limit(1);
    auto policy = allow_from(9, 80);
    policy.entries.push_back({.peer = IdentityId{10}, .proto = Proto::tcp, .port = Port{80}, .rule = {}});
    const auto& status = node.apply(plan_of(1, {}, {with_policy(1, policy)}));
    EXPECT_EQ(status.endpoints.at(EndpointId{1}).error, "bl_policy is full");
    EXPECT_FALSE(node.devices.devices.at("bl1").up);
    EXPECT_EQ(row(node, "10.0.0.1"), nullptr);
    EXPECT_EQ(policy_rows(node), 0u) << "the half-written set is taken back";
}

TEST(EndpointsApply, an_endpoint_whose_new_policy_is_refused_is_up_under_the_old_one) {
    FakeNode node;
    node.apply(plan_of(1, {}, {with_policy(1, allow_from(9, 80))}));
    node.maps["bl_policy"].set_limit(1);
    const auto& status = node.apply(plan_of(2, {}, {with_policy(1, allow_from(9, 81))}));
    EXPECT_EQ(status.endpoints.at(EndpointId{1}).error, "bl_policy is full");
    EXPECT_EQ(status.endpoints.at(EndpointId{1}).in_force.value, 1u);
    EXPECT_EQ(status.up, (std::set{EndpointId{1}}));
}

TEST(EndpointsApply, a_half_written_set_of_a_killed_agent_is_removed) {
    FakeNode node;
    node.apply(plan_of(1, {}, {with_policy(1, allow_from(9, 80))}));
    const abi::PolicyKey stray{50, 9, 0x5000, 6, 0};
    const abi::PolicyRow stray_row = abi::sealed(stray, abi::PolicyRow{0, 1, 1});
    ASSERT_TRUE(node.maps["bl_policy"].update(bytes_of(stray), bytes_of(stray_row)));
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(1, {}, {with_policy(1, allow_from(9, 80))}));
    EXPECT_EQ(policy_rows(node), 1u);
}

}  // namespace
}  // namespace beeline::kernel
