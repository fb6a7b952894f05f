// Maps after a long history of plans, some of which could not be applied whole, against what the last plan wants.
#include <gtest/gtest.h>

#include <random>

#include "kernel/fakes.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;

class Plans {
public:
    explicit Plans(unsigned seed) : random_(seed) {}
    unsigned below(unsigned end) { return static_cast<unsigned>(random_() % end); }
    const plan::Plan& now() const { return plan_; }

    const plan::Plan& next() {
        plan_.generation.value++;
        for (unsigned i = below(4); i < 4; ++i)
            change_frontend();
        if (below(4) == 0) change_addresses();
        if (below(6) == 0) change_endpoint();
        return plan_;
    }

private:
    Addr some_addr(const char* net, unsigned count) { return addr(net + std::to_string(1 + below(count))); }
    std::vector<plan::Backend> backends() {
        std::map<Addr, plan::Backend> list;
        for (unsigned i = below(4); i > 0; --i) {
            const Addr pod = below(5) == 0 ? addr("192.0.2.1") : some_addr("10.0.1.", 9);
            list[pod] = {pod, Port{8080}, false, static_cast<std::uint16_t>(1 + pod.bytes[3] % 2)};
        }
        std::vector<plan::Backend> result;
        for (const auto& [pod, backend] : list)
            result.push_back(backend);
        return result;
    }
    void change_frontend() {
        const char* nets[] = {"10.96.0.", "203.0.113.", "127.0.0."};
        plan::FrontendKey key{some_addr(nets[below(3)], 4), Port{static_cast<std::uint16_t>(80 + below(3))},
                              Proto::tcp};
        if (below(4) == 0) key = {addr("0.0.0.0"), Port{static_cast<std::uint16_t>(30000 + below(3))}, Proto::udp};
        if (below(3) == 0) return void(plan_.frontends.erase(key));
        plan::Frontend value = frontend(backends());
        value.service = 1 + below(3);
        if (below(2) == 0) value.outside = backends();
        if (below(3) == 0) value.algorithm = abi::Algorithm::round_robin;
        if (below(3) == 0) value.source_ranges = {parse_prefix("198.51.100.0/24").value()};
        plan_.frontends.insert_or_assign(key, value);
    }
    void change_addresses() {
        plan_.vips = {some_addr("203.0.113.", 4), some_addr("203.0.113.", 4)};
        plan_.identities = {{addr("192.0.2.1"), IdentityId{below(2) == 0 ? abi::identity_host : 400u}},
                            {some_addr("203.0.113.", 8), IdentityId{abi::identity_host}}};
    }
    void change_endpoint() {
        const auto id = static_cast<std::uint16_t>(1 + below(3));
        if (plan_.endpoints.erase({id}) == 0) plan_.endpoints.insert_or_assign({id}, endpoint(id));
    }

    std::mt19937 random_;
    plan::Plan plan_{};
};

// By the names that a plan's rows have, whatever places they have in the arrays.
std::map<std::vector<std::byte>, std::vector<std::byte>> bits(FakeNode& node, const char* map) {
    auto rows = node.maps[map].rows;
    std::erase_if(rows, [](const auto& row) {
        return std::ranges::all_of(row.second, [](std::byte byte) { return byte == std::byte{}; });
    });
    return rows;
}

class ApplierHistory : public testing::TestWithParam<unsigned> {};

TEST_P(ApplierHistory, ends_with_the_maps_of_the_last_plan) {
    Plans plans(GetParam());
    FakeNode node;
    for (int i = 0; i < 400; ++i) {
        // Now and then a map has no room, the grace period fails, or the agent is another one.
        node.maps["bl_frontends4"].set_limit(plans.below(5) == 0 ? 4 : 1000);
        node.maps["bl_members4"].set_limit(plans.below(5) == 0 ? 6 : 1000);
        node.maps["bl_identities4"].set_limit(plans.below(9) == 0 ? 1 : 1000);
        node.protocol.fails = plans.below(20) == 0;
        if (plans.below(30) == 0) ASSERT_TRUE(node.restart());
        node.apply(plans.next());
        if (i % 4 != 0) continue;
        for (const char* map : {"bl_frontends4", "bl_members4", "bl_identities4"})
            node.maps[map].set_limit(1000);
        node.protocol.fails = false;
        node.apply(plans.now());
        const auto diff = node.applier->diff();
        ASSERT_TRUE(diff);
        for (const plan::DiffRow& row : *diff)
            FAIL() << "step " << i << ": " << row.map << " " << row.key << ": " << row.wanted << " / " << row.actual;
        FakeNode fresh;
        fresh.apply(plans.now());
        for (const char* map : {"bl_ports", "bl_vips", "bl_members4", "bl_src_ranges4"})
            ASSERT_EQ(bits(node, map), bits(fresh, map)) << map << ", step " << i;
        ASSERT_EQ(node.applier->status().frontends.size(), fresh.applier->status().frontends.size()) << "step " << i;
        for (const auto& [key, item] : node.applier->status().frontends)
            ASSERT_EQ(item.error, "") << "step " << i;
    }
}
INSTANTIATE_TEST_SUITE_P(Seeds, ApplierHistory, testing::Range(0U, 6U));

CheckStep check_all(FakeNode& node) {
    CheckStep step = CheckStep::more;
    while (step == CheckStep::more)
        step = node.applier->check_frontends().value();
    return step;
}

TEST(Applier, a_check_in_steps_finds_rows_that_are_not_as_they_were_left) {
    FakeNode node;
    std::map<plan::FrontendKey, plan::Frontend> many;
    for (int i = 0; i < 250; ++i)
        many[vip("10.96.0." + std::to_string(i))] =
            frontend({backend("10.0.0.1"), backend("10.0.0.2"), backend("10.0.0.3"), backend("10.0.0.4")},
                     {backend("10.0.0.9")});
    many[vip("fd96::1")] = frontend({backend("fd00::1")});
    node.apply(plan_of(1, many));
    EXPECT_EQ(node.applier->check_frontends().value(), CheckStep::more);
    EXPECT_EQ(check_all(node), CheckStep::finished);
    for (const char* map : {"bl_frontends4", "bl_members4", "bl_backends4", "bl_frontends6"}) {
        auto& rows = node.maps[map].rows;
        const auto before = *rows.rbegin();
        rows.rbegin()->second[0] ^= std::byte{1};
        EXPECT_EQ(check_all(node), CheckStep::differs) << map;
        rows.erase(before.first);
        EXPECT_EQ(check_all(node), CheckStep::differs) << map;
        node.applier->resync();
        EXPECT_EQ(check_all(node), CheckStep::finished) << map;
        EXPECT_TRUE(node.applier->diff().value().empty()) << map;
    }
}

TEST(Applier, what_is_the_same_is_not_looked_at_again) {
    FakeNode node;
    auto plan = plan_of(1, {{vip("10.96.0.1"), frontend({backend("10.0.0.1")})}, {vip("10.96.0.2"), frontend({})}});
    node.apply(plan);
    plan.generation = {2};
    plan.frontends[vip("10.96.0.2")].backends = {backend("10.0.0.2")};
    EXPECT_EQ(node.apply(plan).frontends.at(vip("10.96.0.1")).in_force.value, 1u);
    EXPECT_EQ(node.applier->status().frontends.at(vip("10.96.0.2")).in_force.value, 2u);
    plan.frontends[vip("10.96.0.1")].name = "default/other:http";
    EXPECT_EQ(node.apply(plan).errors.size(), 0u);
    EXPECT_EQ(node.applier->status().in_force.value, 2u);
}

}  // namespace
}  // namespace beeline::kernel
