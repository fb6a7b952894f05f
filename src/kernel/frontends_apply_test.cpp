#include "kernel/frontends_apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::ElementsAre;
using testing::IsEmpty;

const plan::FrontendKey web = vip("10.96.0.1"), web6 = vip("fd96::1");
const plan::Backend a = backend("10.0.0.1"), b = backend("10.0.0.2"), c = backend("10.0.0.3");

Slots of(std::vector<std::uint16_t> slots) {
    return {slots.begin(), slots.end()};
}
const abi::Frontend* row(FakeNode& node, const plan::FrontendKey& key = web) {
    return node.maps["bl_frontends4"].find<abi::Frontend>(wire_key<V4>(key));
}

TEST(FrontendsApply, writes_backends_and_members_before_the_frontend_and_bumps_around_one_grace_period) {
    FakeNode node;
    const auto& status = node.apply(plan_of(1, {{web, frontend({a, b})}}));
    EXPECT_THAT(node.journal, ElementsAre("put bl_backends4", "put bl_backends4", "put bl_members4", "put bl_members4",
                                          "put bl_frontends4", "bump", "grace", "bump"));
    EXPECT_EQ(status.in_force.value, 1u);
    EXPECT_EQ(status.frontends.at(web).error, "");
    ASSERT_NE(row(node), nullptr);
    EXPECT_EQ(row(node)->count, 2);
    EXPECT_EQ(row(node)->check, abi::row_check(wire_key<V4>(web), *row(node)));
}

TEST(FrontendsApply, writes_its_backends_by_one_call_and_its_new_members_by_another) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a, b})}}));
    EXPECT_EQ(node.maps["bl_backends4"].writes, 1u);
    EXPECT_EQ(node.maps["bl_members4"].writes, 1u);
    node.apply(plan_of(2, {{web, frontend({a, b, c})}}));
    EXPECT_EQ(node.maps["bl_backends4"].writes, 2u);
    EXPECT_EQ(node.maps["bl_members4"].writes, 2u);
}

TEST(FrontendsApply, members_that_fit_in_part_leave_the_frontend_as_it_is_and_the_rest_follows) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a})}}));
    node.maps["bl_members4"].set_limit(2);
    const auto& status = node.apply(plan_of(2, {{web, frontend({a, b, c})}}));
    EXPECT_EQ(status.frontends.at(web).error, "bl_members4 is full");
    EXPECT_EQ(status.frontends.at(web).in_force.value, 1u);
    EXPECT_EQ(row(node)->count, 1);
    EXPECT_EQ(node.maps["bl_members4"].rows.size(), 2u);
    node.maps["bl_members4"].set_limit(3);
    EXPECT_EQ(node.apply(plan_of(3, {{web, frontend({a, b, c})}})).frontends.at(web).error, "");
    EXPECT_THAT(node.journal, ElementsAre("put bl_backends4", "put bl_backends4", "put bl_backends4", "put bl_members4",
                                          "switch bl_frontends4", "grace"));
    EXPECT_EQ(row(node)->count, 3);
}

TEST(FrontendsApply, keeps_the_old_range_until_the_grace_period_is_over) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a, b})}}));
    const auto first = row(node)->first;
    node.apply(plan_of(2, {{web, frontend({a, b, c})}}));
    EXPECT_NE(row(node)->first, first) << "the range packets read was written over";
    EXPECT_THAT(node.journal, ElementsAre("put bl_backends4", "put bl_backends4", "put bl_backends4", "put bl_members4",
                                          "switch bl_frontends4", "grace"));
    node.apply(plan_of(3, {{web, frontend({a, b})}}));
    EXPECT_EQ(row(node)->first, first) << "the range given back after the grace period is free again";
}

struct BumpRow {
    const char* sentence;
    plan::Frontend before, after;
    Slots slots;
};
class Bumps : public testing::TestWithParam<BumpRow> {};
INSTANTIATE_TEST_SUITE_P(
    rules, Bumps,
    testing::Values(
        BumpRow{"adding a backend bumps nothing", frontend({a}), frontend({a, b}), {}},
        BumpRow{"removing a backend bumps its address", frontend({a, b}), frontend({a}), of({slot_of(b.addr)})},
        BumpRow{"draining a backend bumps nothing", frontend({a, b}), frontend({a}, {b}), {}},
        BumpRow{"the end of draining bumps its address", frontend({a}, {b}), frontend({a}), of({slot_of(b.addr)})},
        BumpRow{"the last backend going bumps its address and the frontend", frontend({a}), frontend({}),
                of({slot_of(a.addr), slot_of(web)})},
        BumpRow{"the first backend coming bumps the frontend", frontend({}), frontend({a}), of({slot_of(web)})},
        BumpRow{"replacing a backend bumps the one that went", frontend({a, b}), frontend({a, c}),
                of({slot_of(b.addr)})},
        BumpRow{"another service under the same address bumps the frontend", frontend({a}),
                plan::Frontend{.service = 8, .name = "default/other:http", .backends = {a}, .draining = {}},
                of({slot_of(web)})},
        BumpRow{"another name for people bumps nothing",
                frontend({a}),
                plan::Frontend{.service = 7, .name = "x", .backends = {a}, .draining = {}},
                {}}));

TEST_P(Bumps, follow_the_rules) {
    const BumpRow& row = GetParam();
    FakeNode node;
    node.apply(plan_of(1, {{web, row.before}}));
    EXPECT_EQ(node.slots(), of({slot_of(web)})) << "a new frontend bumps its own slot";
    node.apply(plan_of(2, {{web, row.after}}));
    EXPECT_EQ(node.slots(), row.slots) << row.sentence;
    for (const auto& [slot, times] : node.protocol.epochs)
        EXPECT_EQ(times, 2u) << "once before, once after the grace";
}

TEST(FrontendsApply, removes_in_reverse_and_deletes_after_every_insert) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a})}}));
    node.apply(plan_of(2, {{vip("10.96.0.2"), frontend({a})}}));
    EXPECT_THAT(node.journal, ElementsAre("put bl_backends4", "put bl_members4", "put bl_frontends4",
                                          "erase bl_frontends4", "erase bl_members4", "bump", "grace", "bump"));
    EXPECT_EQ(row(node), nullptr);
    const auto& status = node.apply(plan_of(3, {}));
    EXPECT_THAT(status.frontends, IsEmpty());
    EXPECT_THAT(node.maps["bl_members4"].rows, IsEmpty());
}

TEST(FrontendsApply, a_new_agent_with_the_same_plan_writes_and_bumps_nothing) {
    FakeNode node;
    const auto plan = plan_of(1, {{web, frontend({a, b}, {c})}, {web6, frontend({backend("fd00::1")})}});
    node.apply(plan);
    ASSERT_TRUE(node.restart());
    const auto& status = node.apply(plan);
    EXPECT_THAT(node.journal, ElementsAre("grace")) << "before devices nobody wants would be removed";
    EXPECT_EQ(status.frontends.at(web).in_force.value, 1u);
    EXPECT_EQ(status.in_force.value, 1u);
}

TEST(FrontendsApply, a_new_agent_keeps_places_and_knows_what_is_free) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a, b})}}));
    const auto first = row(node)->first;
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(2, {{web, frontend({a, b})}, {vip("10.96.0.2"), frontend({c})}}));
    EXPECT_EQ(row(node)->first, first);
    EXPECT_EQ(row(node, vip("10.96.0.2"))->first, first + 2);
}

TEST(FrontendsApply, what_a_killed_agent_left_half_done_is_finished_or_removed) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a})}}));
    node.maps["bl_frontends4"].rows.clear();  // members of a frontend that was never switched on
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(2, {}));
    EXPECT_THAT(node.maps["bl_members4"].rows, IsEmpty());
}

TEST(FrontendsApply, a_range_outside_the_array_is_replaced) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a})}}));
    abi::Frontend bad = *row(node);
    bad.first = 4000000000u;
    const auto key = wire_key<V4>(web);
    ASSERT_TRUE(node.maps["bl_frontends4"].update(bytes_of(key), bytes_of(bad)));
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(1, {{web, frontend({a})}}));
    EXPECT_LT(row(node)->first, node.maps["bl_backends4"].max_entries());
}

TEST(FrontendsApply, a_full_table_is_an_error_of_the_frontends_that_do_not_fit) {
    FakeNode node;
    node.maps["bl_frontends4"].set_limit(1);
    const plan::FrontendKey other = vip("10.96.0.2");
    const auto plan = plan_of(1, {{web, frontend({a})}, {other, frontend({b})}});
    const auto& status = node.apply(plan);
    EXPECT_EQ(status.frontends.at(web).error, "");
    EXPECT_EQ(status.frontends.at(other).error, "bl_frontends4 is full");
    EXPECT_EQ(status.frontends.at(other).in_force.value, 0u);
    node.maps["bl_frontends4"].set_limit(2);
    EXPECT_EQ(node.apply(plan).frontends.at(other).error, "") << "the next apply tries again";
}

TEST(FrontendsApply, too_many_backends_are_an_error_that_leaves_the_old_ones_in_force) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({a})}}));
    std::vector<plan::Backend> many;
    for (unsigned i = 0; i < 65535; i++)
        many.push_back(backend("10.1.0.1", static_cast<std::uint16_t>(i + 1)));
    node.maps["bl_members4"].set_limit(1000000);
    node.maps["bl_backends4"].set_limit(65536);
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(2, {{web, frontend({a})}, {vip("10.96.0.9"), frontend(many)}}));
    const auto& status = node.apply(plan_of(3, {{web, frontend({a, b})}, {vip("10.96.0.9"), frontend(many)}}));
    EXPECT_THAT(status.frontends.at(web).error, testing::HasSubstr("bl_backends4: no 2 rows in one piece"));
    EXPECT_EQ(status.frontends.at(web).in_force.value, 2u);
    EXPECT_EQ(row(node)->count, 1);
}

TEST(FrontendsApply, a_backend_of_the_other_family_is_refused) {
    FakeNode node;
    const auto& status = node.apply(plan_of(1, {{web, frontend({backend("fd00::1")})}}));
    EXPECT_EQ(status.frontends.at(web).error, "backend fd00::1 is of the other family");
    EXPECT_EQ(row(node), nullptr);
}

std::vector<std::string> backends_at(FakeNode& node, std::uint32_t first, std::uint32_t count) {
    std::vector<std::string> texts;
    for (std::uint32_t i = first; i < first + count; i++)
        texts.push_back(to_string(value_addr(node.maps["bl_backends4"].find<abi::Backend4>(i)->addr)));
    return texts;
}

TEST(FrontendsApply, what_both_kinds_of_clients_may_choose_stands_once) {
    FakeNode node;
    plan::Frontend f = frontend({a, b});
    f.outside = {b, c};
    node.apply(plan_of(1, {{web, f}}));
    EXPECT_EQ(node.maps["bl_backends4"].rows.size(), 3u);
    EXPECT_THAT(backends_at(node, row(node)->first, row(node)->count), ElementsAre("10.0.0.1", "10.0.0.2"));
    EXPECT_THAT(backends_at(node, row(node)->first_outside, row(node)->count_outside),
                ElementsAre("10.0.0.2", "10.0.0.3"));
    const auto uses = [&](const plan::Backend& member) {
        return node.maps["bl_members4"].find<abi::Member>(wire_member<V4>(web, member))->uses;
    };
    EXPECT_EQ(uses(a), abi::member_inside);
    EXPECT_EQ(uses(b), abi::member_inside | abi::member_outside);
    EXPECT_EQ(uses(c), abi::member_outside);
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(1, {{web, f}}));
    EXPECT_THAT(node.journal, ElementsAre("grace")) << "a new agent finds it as it should be";
}

TEST(FrontendsApply, backends_of_outside_alone) {
    FakeNode node;
    plan::Frontend f = frontend({});
    f.outside = {c};
    f.elsewhere = true;
    f.affinity_seconds = 99;
    f.direct = true;
    node.apply(plan_of(1, {{web, f}}));
    EXPECT_EQ(row(node)->count, 0);
    EXPECT_THAT(backends_at(node, row(node)->first_outside, row(node)->count_outside), ElementsAre("10.0.0.3"));
    EXPECT_EQ(row(node)->flags, abi::front_outside | abi::front_elsewhere | abi::front_direct);
    EXPECT_EQ(row(node)->affinity_seconds, 99u);
}

TEST(FrontendsApply, source_ranges_come_before_the_frontend_asks_for_them) {
    FakeNode node;
    plan::Frontend f = frontend({a});
    f.outside = {a};
    node.apply(plan_of(1, {{web, f}}));
    f.source_ranges = {parse_prefix("192.0.2.0/24").value(), parse_prefix("2001:db8::/32").value()};
    node.apply(plan_of(2, {{web, f}}));
    EXPECT_THAT(node.journal, ElementsAre("put bl_src_ranges4", "switch bl_frontends4", "bump", "grace", "bump"));
    EXPECT_NE(row(node)->flags & abi::front_ranges, 0);
    const auto diff = node.applier->diff();
    ASSERT_TRUE(diff);
    EXPECT_TRUE(diff->empty()) << "a range of the other family is no row of this one";
    f.source_ranges = {parse_prefix("198.51.100.0/24").value()};
    node.apply(plan_of(3, {{web, f}}));
    EXPECT_EQ(node.maps["bl_src_ranges4"].rows.size(), 1u);
    EXPECT_EQ(node.slots(), of({slot_of(web)})) << "clients that lost their range are asked again";
    node.apply(plan_of(4, {}));
    EXPECT_TRUE(node.maps["bl_src_ranges4"].rows.empty());
}

TEST(FrontendsApply, ports_of_one_address_do_not_mix_up_their_members) {
    FakeNode node;
    const auto https = vip("10.96.0.1", 443);
    node.apply(plan_of(1, {{web, frontend({a, b})}, {https, frontend({a, b})}}));
    node.apply(plan_of(2, {{web, frontend({a, b})}, {https, frontend({a})}}));
    EXPECT_EQ(node.slots(), of({slot_of(b.addr)}));
    EXPECT_EQ(node.maps["bl_members4"].rows.size(), 3u);
}

TEST(FrontendsApply, connections_are_written_where_they_decide_and_move_with_the_backends) {
    FakeNode node;
    plan::Frontend balanced = frontend({a, b});
    balanced.algorithm = abi::Algorithm::least_connections;
    node.apply(plan_of(1, {{web, balanced}, {vip("10.96.0.2"), frontend({a, b})}}));
    auto loads = node.applier->counted4();
    EXPECT_EQ(loads.size(), 2u);
    loads.begin()->second = 5;
    ASSERT_TRUE(node.applier->write_loads(loads, {}));
    const auto load = [&](std::uint32_t place) {
        return *node.maps["bl_loads4"].find<abi::u32>(row(node)->first + place);
    };
    EXPECT_EQ(load(0), 5u);
    EXPECT_EQ(load(1), 0u);
    balanced.backends = {a, b, c};
    node.apply(plan_of(2, {{web, balanced}}));
    EXPECT_EQ(load(0), 5u) << "in its new row";
    EXPECT_EQ(load(2), 0u);
    const abi::u32 made = 3;
    const std::uint32_t index = row(node)->first + 2;
    ASSERT_TRUE(node.maps["bl_loads4"].update(bytes_of(index), bytes_of(made)));
    ASSERT_TRUE(node.applier->write_loads(loads, {}));
    EXPECT_EQ(load(2), 3u) << "it was not counted yet";
}

TEST(FrontendsApply, members_of_node_ports_do_not_mix) {
    FakeNode node;
    const auto first = vip("0.0.0.0", 30080), second = vip("0.0.0.0", 30081);
    node.apply(plan_of(1, {{first, frontend({a, b})}, {second, frontend({a, b})}}));
    EXPECT_EQ(node.maps["bl_members4"].rows.size(), 4u);
    node.apply(plan_of(2, {{first, frontend({a})}, {second, frontend({a, b})}}));
    EXPECT_EQ(node.maps["bl_members4"].rows.size(), 3u);
    node.apply(plan_of(3, {{second, frontend({a, b})}}));
    EXPECT_EQ(node.maps["bl_members4"].rows.size(), 2u);
}

}  // namespace
}  // namespace beeline::kernel
