// How many rows plans take, and how large that makes the maps.
#include "kernel/demand.h"

#include <gmock/gmock.h>

#include "abi/maps.h"
#include "kernel/maglev.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using fake::addr;
using fake::backend;
using fake::endpoint;
using fake::frontend;
using fake::plan_of;
using fake::vip;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

std::vector<plan::Backend> backends(unsigned count) {
    std::vector<plan::Backend> list;
    for (unsigned i = 0; i < count; i++)
        list.push_back(backend("10.1." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)));
    return list;
}
// Services with a cluster address and a node port each.
plan::Plan many(unsigned services, unsigned endpoints) {
    std::map<plan::FrontendKey, plan::Frontend> frontends;
    const auto list = backends(endpoints);
    for (unsigned i = 0; i < services; i++) {
        auto value = frontend(list);
        frontends.emplace(vip("10.96." + std::to_string(i / 250) + "." + std::to_string(i % 250 + 1)), value);
        value.outside = list;
        frontends.emplace(vip("0.0.0.0", static_cast<std::uint16_t>(30000 + i)), value);
    }
    return plan_of(1, std::move(frontends));
}
std::uint32_t start_size(const std::string& map) {
#define X(name, kind, key, value, entries, writer) \
    if (map == #name) return entries;
    BEELINE_MAPS(X)
#undef X
    return 0;
}

TEST(DemandTest, a_frontend_takes_a_row_and_one_of_each_backend_in_its_own_family) {
    const auto needed = rows_needed(plan_of(1, {{vip("10.96.0.1"), frontend(backends(3), backends(1))}}));
    EXPECT_EQ(needed.at("bl_frontends4"), 1u);
    EXPECT_EQ(needed.at("bl_members4"), 4u) << "those that drain are members";
    EXPECT_EQ(needed.at("bl_backends4"), 6u) << "its next range is written beside this one";
    EXPECT_EQ(needed.at("bl_frontends6"), 0u);
    EXPECT_EQ(needed.at("bl_places"), 0u) << "random needs no table";
}

TEST(DemandTest, other_backends_for_clients_from_outside_have_rows_of_their_own) {
    auto value = frontend(backends(3));
    value.outside = backends(3);
    EXPECT_EQ(rows_needed(plan_of(1, {{vip("10.96.0.1"), value}})).at("bl_members4"), 3u);
    value.outside = backends(2);
    EXPECT_EQ(rows_needed(plan_of(1, {{vip("10.96.0.1"), value}})).at("bl_members4"), 5u);
}

TEST(DemandTest, a_table_of_maglev_or_of_weights_takes_places) {
    auto value = frontend(backends(3));
    value.algorithm = abi::Algorithm::maglev;
    constexpr std::uint32_t table = (maglev_places + abi::places_per_row - 1) / abi::places_per_row;
    EXPECT_EQ(rows_needed(plan_of(1, {{vip("10.96.0.1"), value}})).at("bl_places"), 2 * table) << "one beside it";
    value.algorithm = abi::Algorithm::random;
    value.backends[0].weight = 60;
    EXPECT_EQ(rows_needed(plan_of(1, {{vip("10.96.0.1"), value}})).at("bl_places"), 4u);
    value.backends.resize(1);
    EXPECT_EQ(rows_needed(plan_of(1, {{vip("10.96.0.1"), value}})).at("bl_places"), 0u) << "there is no choice";
}

TEST(DemandTest, endpoints_with_equal_rules_share_a_policy_set) {
    auto one = endpoint(2), two = endpoint(3), three = endpoint(4);
    one.policy = two.policy = fake::allow_from(300, 80);
    three.policy = fake::allow_from(301, 80);
    const auto needed = rows_needed(plan_of(1, {}, {one, two, three}));
    EXPECT_EQ(needed.at("bl_policy"), 2u);
    EXPECT_EQ(needed.at("bl_endpoints4"), 3u);
    EXPECT_EQ(needed.at("bl_endpoints6"), 3u);
}

TEST(DemandTest, external_addresses_identities_and_prefixes_are_rows_too) {
    auto plan = plan_of(1, {});
    plan.vips = {addr("192.0.2.1"), addr("2001:db8::1")};
    plan.identities = {{addr("10.0.0.9"), IdentityId{300}}};
    plan.unmasked = {*parse_prefix("10.0.0.0/8")};
    const auto needed = rows_needed(plan);
    EXPECT_EQ(needed.at("bl_frontends4"), 1u);
    EXPECT_EQ(needed.at("bl_frontends6"), 1u);
    EXPECT_EQ(needed.at("bl_identities4"), 1u);
    EXPECT_EQ(needed.at("bl_unmasked4"), 1u);
}

TEST(DemandTest, the_sizes_maps_start_with_do_for_a_small_cluster) {
    EXPECT_THAT(larger_sizes(rows_needed(many(300, 10)), start_size), IsEmpty());
}

TEST(DemandTest, one_step_makes_room_for_many_services_with_some_endpoints) {
    const auto sizes = larger_sizes(rows_needed(many(10000, 10)), start_size);
    EXPECT_THAT(sizes, ElementsAre(Pair("bl_backends4", 1u << 19), Pair("bl_frontends4", 1u << 16),
                                   Pair("bl_members4", 1u << 19)));
}

TEST(DemandTest, one_step_makes_room_for_some_services_with_many_endpoints) {
    const auto sizes = larger_sizes(rows_needed(many(1000, 500)), start_size);
    EXPECT_EQ(sizes.at("bl_backends4"), 1u << 21);
    EXPECT_EQ(sizes.at("bl_members4"), 1u << 21);
}

TEST(DemandTest, a_map_that_has_grown_grows_again_only_when_it_is_tight) {
    const auto size = [](const std::string&) { return 1024u; };
    EXPECT_THAT(larger_sizes({{"bl_members4", 819}}, size), IsEmpty());
    EXPECT_THAT(larger_sizes({{"bl_members4", 820}}, size), ElementsAre(Pair("bl_members4", 2048u)));
    EXPECT_THAT(larger_sizes({{"bl_flows4", 820}}, [](const std::string&) { return 0u; }), IsEmpty());
}

TEST(DemandTest, no_map_grows_beyond_the_limit) {
    const auto full = [](const std::string&) { return most_rows; };
    EXPECT_THAT(larger_sizes({{"bl_members4", most_rows}}, full), IsEmpty());
    EXPECT_THAT(doubled_sizes({"bl_members4"}, full), IsEmpty());
    EXPECT_THAT(larger_sizes({{"bl_members4", most_rows}}, [](const std::string&) { return 1024u; }),
                ElementsAre(Pair("bl_members4", most_rows)));
}

TEST(DemandTest, a_full_map_becomes_twice_as_large) {
    EXPECT_THAT(doubled_sizes({"bl_policy"}, start_size), ElementsAre(Pair("bl_policy", 65536u)));
    EXPECT_THAT(doubled_sizes({"of another kind"}, start_size), IsEmpty());
    EXPECT_EQ(growth_text({{"bl_policy", 65536}, {"bl_places", 64}}),
              "bl_places grows to 64 entries, bl_policy grows to 65536 entries");
}

TEST(DemandTest, a_first_start_makes_the_maps_as_large_as_its_plan_needs_them) {
    std::map<std::string, std::uint32_t> sizes{{"bl_flows4", 4096}, {"bl_members4", 1u << 20}};
    size_for(many(10000, 10), [](const std::string&) { return 0u; }, sizes);
    EXPECT_THAT(sizes, ElementsAre(Pair("bl_backends4", 1u << 19), Pair("bl_flows4", 4096u),
                                   Pair("bl_frontends4", 1u << 16), Pair("bl_members4", 1u << 20)));
}

TEST(DemandTest, a_later_start_keeps_the_maps_that_have_room) {
    std::map<std::string, std::uint32_t> sizes;
    const std::map<std::string, std::uint32_t> there{{"bl_backends4", 1u << 18}, {"bl_frontends4", 8192}};
    size_for(many(10000, 10), [&](const std::string& map) { return there.contains(map) ? there.at(map) : 0u; }, sizes);
    EXPECT_THAT(sizes, ElementsAre(Pair("bl_frontends4", 1u << 16), Pair("bl_members4", 1u << 19)));
}

TEST(DemandTest, flow_tables_do_not_grow_by_demand) {
    EXPECT_FALSE(grows_by_demand("bl_flows4"));
    EXPECT_FALSE(grows_by_demand("bl_hops"));
    EXPECT_TRUE(grows_by_demand("bl_members6"));
    EXPECT_TRUE(grows_by_demand("bl_places"));
    EXPECT_TRUE(grows_by_demand("bl_loads4")) << "as many rows as bl_backends4";
}

}  // namespace
}  // namespace beeline::kernel
