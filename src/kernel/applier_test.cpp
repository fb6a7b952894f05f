#include "kernel/applier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Applier, one_apply_waits_once_and_every_insert_comes_before_every_delete) {
    FakeNode node;
    node.apply(plan_of(1, {{vip("10.96.0.1"), frontend({backend("10.0.0.1")})}}, {endpoint(1)}));
    node.apply(plan_of(2, {{vip("10.96.0.2"), frontend({backend("10.0.0.2")})}}, {endpoint(2)}));
    std::size_t last_put = 0, first_erase = node.journal.size(), graces = 0, bumps = 0;
    for (std::size_t i = 0; i < node.journal.size(); i++) {
        const std::string& step = node.journal[i];
        if (graces == 0 && step.starts_with("put")) last_put = i;
        if (step.starts_with("erase")) first_erase = std::min(first_erase, i);
        if (step == "grace") graces++;
        if (step == "bump") bumps++;
    }
    EXPECT_LT(last_put, first_erase);
    EXPECT_EQ(graces, 1u);
    EXPECT_EQ(bumps, 2u);
}

TEST(Applier, identities_bump_the_addresses_that_change) {
    FakeNode node;
    plan::Plan plan = plan_of(1, {});
    plan.identities = {{addr("10.9.0.1"), IdentityId{1}}, {addr("fd09::1"), IdentityId{400}}};
    node.apply(plan);
    EXPECT_THAT(node.journal, ElementsAre("put bl_identities4", "put bl_identities6", "bump", "grace", "bump"));
    const auto* host = node.maps["bl_identities4"].find<abi::IdentityRow>(wire_addr<abi::Addr4>(addr("10.9.0.1")));
    ASSERT_NE(host, nullptr);
    EXPECT_EQ(host->flags, abi::identity_is_node | abi::identity_node_port);
    plan.identities = {{addr("10.9.0.1"), IdentityId{1}}, {addr("10.9.0.2"), IdentityId{401}}};
    node.apply(plan);
    EXPECT_EQ(node.slots(), (Slots{slot_of(addr("10.9.0.2")), slot_of(addr("fd09::1"))}));
    ASSERT_TRUE(node.restart());
    node.apply(plan);
    EXPECT_THAT(node.slots(), IsEmpty());
}

TEST(Applier, an_identity_that_does_not_fit_is_an_error_of_the_node_and_tried_again) {
    FakeNode node;
    node.maps["bl_identities4"].set_limit(1);
    plan::Plan plan = plan_of(1, {});
    plan.identities = {{addr("10.9.0.1"), IdentityId{400}}, {addr("10.9.0.2"), IdentityId{401}}};
    EXPECT_THAT(node.apply(plan).errors, ElementsAre("bl_identities4 is full"));
    node.maps["bl_identities4"].set_limit(2);
    EXPECT_THAT(node.apply(plan).errors, IsEmpty());
    EXPECT_EQ(node.maps["bl_identities4"].rows.size(), 2u);
}

TEST(Applier, a_changed_configuration_bumps_the_global_slot_once) {
    FakeNode node;
    node.applier->configuration_changed();
    node.apply(plan_of(1, {}));
    EXPECT_EQ(node.slots(), (Slots{abi::slot_global}));
    node.apply(plan_of(2, {}));
    EXPECT_THAT(node.slots(), IsEmpty());
}

TEST(Applier, the_host_hop_is_written_once_and_bumps_its_slot) {
    FakeNode node;
    abi::Hop host{};
    host.ifindex = 5;
    ASSERT_TRUE(node.applier->set_host_hop(host));
    node.apply(plan_of(1, {}));
    EXPECT_EQ(node.slots(), (Slots{abi::slot_hop(abi::hop_host)}));
    ASSERT_TRUE(node.restart());
    ASSERT_TRUE(node.applier->set_host_hop(host));
    EXPECT_THAT(node.journal, IsEmpty());
}

TEST(Applier, without_a_grace_period_nothing_is_freed_and_the_plan_is_not_in_force) {
    FakeNode node;
    node.apply(plan_of(1, {}, {endpoint(1)}));
    node.protocol.fails = true;
    const auto& status = node.apply(plan_of(2, {}, {}));
    EXPECT_EQ(status.in_force.value, 1u);
    EXPECT_THAT(status.errors, ElementsAre("no grace"));
    EXPECT_TRUE(node.devices.devices.contains("bl1"));
    node.protocol.fails = false;
    EXPECT_EQ(node.applier->resync().in_force.value, 2u);
    EXPECT_FALSE(node.devices.devices.contains("bl1"));
}

TEST(Applier, resync_repairs_what_others_changed) {
    FakeNode node;
    node.apply(plan_of(1, {{vip("10.96.0.1"), frontend({backend("10.0.0.1")})}}, {endpoint(1)}));
    node.maps["bl_frontends4"].rows.clear();
    node.maps["bl_endpoints6"].rows.clear();
    const auto wrong = node.applier->diff();
    ASSERT_TRUE(wrong);
    EXPECT_EQ(wrong->size(), 2u);
    node.applier->resync();
    EXPECT_EQ(node.maps["bl_frontends4"].rows.size(), 1u);
    EXPECT_EQ(node.maps["bl_endpoints6"].rows.size(), 1u);
    EXPECT_THAT(*node.applier->diff(), IsEmpty());
}

// Ranges of backends that are in use must not seem free.
TEST(Applier, after_a_read_that_failed_half_way_nothing_is_written_until_one_succeeds) {
    FakeNode node;
    const auto first = frontend({backend("10.0.0.1")}), second = frontend({backend("10.0.0.2")});
    node.apply(plan_of(1, {{vip("10.96.0.1"), first}}));
    for (const char* map : {"bl_backends4", "bl_policy"}) {
        node.maps[map].unreadable = true;
        EXPECT_THAT(node.applier->resync().errors, ElementsAre(std::string(map) + " cannot be read"));
        node.journal.clear();
        const auto& status = node.apply(plan_of(2, {{vip("10.96.0.1"), first}, {vip("10.96.0.2"), second}}));
        EXPECT_THAT(status.errors, ElementsAre(std::string(map) + " cannot be read"));
        EXPECT_EQ(status.in_force.value, 1u);
        EXPECT_THAT(node.journal, IsEmpty());
        node.maps[map].unreadable = false;
    }
    EXPECT_EQ(node.applier->resync_others().in_force.value, 2u);
    EXPECT_THAT(*node.applier->diff(), IsEmpty());
}

TEST(Applier, a_check_finds_frontends_that_somebody_else_has_added) {
    FakeNode node;
    node.apply(plan_of(1, {{vip("10.96.0.1"), frontend({backend("10.0.0.1")})}}));
    auto& rows = node.maps["bl_frontends4"].rows;
    std::vector<std::byte> key = rows.begin()->first;
    key.front() ^= std::byte{1};
    rows.emplace(key, rows.begin()->second);
    EXPECT_EQ(*node.applier->check_frontends(), CheckStep::differs);
    node.applier->resync();
    EXPECT_EQ(rows.size(), 1u);
    EXPECT_EQ(*node.applier->check_frontends(), CheckStep::more) << "those of IPv6";
    EXPECT_EQ(*node.applier->check_frontends(), CheckStep::finished);
}

TEST(Applier, maps_that_had_no_room_are_named_until_they_have) {
    FakeNode node;
    node.maps["bl_frontends4"].set_limit(1);
    node.maps["bl_identities4"].set_limit(0);
    plan::Plan plan = plan_of(
        1, {{vip("10.96.0.1"), frontend({backend("10.0.0.1")})}, {vip("10.96.0.2"), frontend({backend("10.0.0.1")})}});
    plan.identities = {{addr("10.9.0.1"), IdentityId{400}}};
    node.apply(plan);
    EXPECT_THAT(node.applier->full(), ElementsAre("bl_frontends4", "bl_identities4"));
    node.maps["bl_frontends4"].set_limit(2);
    node.maps["bl_identities4"].set_limit(1);
    node.apply(plan);
    EXPECT_THAT(node.applier->full(), IsEmpty());
}

TEST(Applier, endpoints_that_an_earlier_agent_left_with_rows_are_up) {
    FakeNode node;
    node.apply(plan_of(1, {}, {endpoint(1)}));
    ASSERT_TRUE(node.restart());
    EXPECT_THAT(node.applier->status().up, ElementsAre(EndpointId{1}));
}

TEST(Applier, diff_shows_both_sides_in_one_spelling) {
    FakeNode node;
    node.apply(plan_of(1, {{vip("10.96.0.1"), frontend({backend("10.0.0.1")})}}));
    node.maps["bl_frontends4"].set_limit(1);
    node.apply(plan_of(2, {{vip("10.96.0.1"), frontend({})}, {vip("10.96.0.2"), frontend({backend("10.0.0.1")})}}));
    const auto diff = node.applier->diff();
    ASSERT_TRUE(diff);
    ASSERT_EQ(diff->size(), 1u);
    EXPECT_EQ(diff->at(0).sign, '+');
    EXPECT_EQ(diff->at(0).key, "10.96.0.2:80/TCP");
    EXPECT_EQ(diff->at(0).wanted, "service 7, backends 10.0.0.1:8080");
    EXPECT_EQ(diff->at(0).actual, "");
}

}  // namespace
}  // namespace beeline::kernel
