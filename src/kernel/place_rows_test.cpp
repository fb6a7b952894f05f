#include "kernel/place_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/maglev.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint32_t table_rows = (maglev_places + abi::places_per_row - 1) / abi::places_per_row;
const plan::FrontendKey web = vip("10.96.0.1"), other = vip("10.96.0.2"), web6 = vip("fd96::1");
const plan::Backend a = backend("10.0.0.1"), b = backend("10.0.0.2"), c = backend("10.0.0.3");
using Frontends = std::map<plan::FrontendKey, plan::Frontend>;

plan::Frontend by_table(std::vector<plan::Backend> backends) {
    plan::Frontend f = frontend(std::move(backends));
    f.algorithm = abi::Algorithm::maglev;
    return f;
}
plan::Frontend by_tables(std::vector<plan::Backend> inside, std::vector<plan::Backend> outside) {
    plan::Frontend f = by_table(std::move(inside));
    f.outside = std::move(outside);
    return f;
}

struct Node : FakeNode {
    const plan::Status& wants(const Frontends& frontends) { return apply(plan_of(++generation, frontends)); }
    const abi::Frontend& row(const plan::FrontendKey& key = web) {
        return key.addr.v4() ? *maps["bl_frontends4"].find<abi::Frontend>(wire_key<V4>(key))
                             : *maps["bl_frontends6"].find<abi::Frontend>(wire_key<V6>(key));
    }
    // As packets read it: the backends' numbers by place.
    Places table_at(std::uint32_t first, std::size_t places = maglev_places) {
        Places numbers;
        for (std::uint32_t i = first; i < first + table_rows; i++) {
            const auto* row = maps["bl_places"].find<abi::PlacesRow>(i);
            if (row != nullptr) numbers.insert(numbers.end(), std::begin(row->backend), std::end(row->backend));
        }
        numbers.resize(std::min(numbers.size(), places));
        return numbers;
    }
    // Where the journal has the last write of this kind; 0: nowhere.
    std::size_t last(std::string_view entry) const {
        for (std::size_t i = journal.size(); i > 0; i--)
            if (journal[i - 1] == entry) return i;
        return 0;
    }
    std::size_t count(std::string_view entry) const {
        return static_cast<std::size_t>(std::ranges::count(journal, entry));
    }

    std::uint64_t generation = 0;
};

TEST(PlaceRows, a_table_is_written_before_its_frontend_is_switched_to_it) {
    Node node;
    node.wants({{web, by_table({a, b})}});
    EXPECT_EQ(node.count("put bl_places"), table_rows);
    EXPECT_LT(node.last("put bl_places"), node.last("put bl_frontends4"));
    EXPECT_EQ(node.row().algorithm, static_cast<abi::u8>(abi::Algorithm::maglev));
    EXPECT_EQ(node.row().places, maglev_places);
    EXPECT_EQ(node.table_at(node.row().table), maglev_table({a, b}).value());
}

TEST(PlaceRows, the_old_table_is_kept_until_the_grace_period_is_over) {
    Node node;
    node.wants({{web, by_table({a, b})}});
    const auto first = node.row().table;
    node.wants({{web, by_table({a, b, c})}});
    EXPECT_NE(node.row().table, first) << "the rows packets read were written over";
    EXPECT_LT(node.last("put bl_places"), node.last("switch bl_frontends4"));
    EXPECT_LT(node.last("switch bl_frontends4"), node.last("grace"));
    EXPECT_EQ(node.table_at(node.row().table), maglev_table({a, b, c}).value());
    node.wants({{web, by_table({a, b})}});
    EXPECT_EQ(node.row().table, first) << "given back after the grace period";
}

TEST(PlaceRows, a_frontend_changes_its_algorithm_both_ways_and_keeps_its_backends_rows) {
    Node node;
    node.wants({{web, frontend({a, b})}});
    const auto first = node.row().first;
    EXPECT_EQ(node.count("put bl_places"), 0u);
    node.wants({{web, by_table({a, b})}});
    EXPECT_EQ(node.count("put bl_backends4"), 0u);
    EXPECT_EQ(node.row().first, first);
    EXPECT_EQ(node.row().places, maglev_places);
    EXPECT_LT(node.last("put bl_places"), node.last("switch bl_frontends4"));
    const auto table = node.row().table;
    node.wants({{web, frontend({a, b})}});
    EXPECT_EQ(node.row().first, first);
    EXPECT_EQ(node.row().algorithm, static_cast<abi::u8>(abi::Algorithm::random));
    EXPECT_EQ(node.row().places, 0u);
    EXPECT_GT(node.last("grace"), node.last("switch bl_frontends4"));
    node.wants({{web, frontend({a, b})}, {other, by_table({b, c})}});
    EXPECT_EQ(node.row(other).table, table) << "the rows are free again";
}

TEST(PlaceRows, clients_inside_and_outside_share_a_table_if_they_have_the_same_backends) {
    Node node;
    node.wants({{web, by_tables({a, b}, {a, b})}});
    EXPECT_EQ(node.row().table, node.row().table_outside);
    EXPECT_EQ(node.count("put bl_places"), table_rows);
    node.wants({{web, by_tables({a, b}, {b, c})}});
    EXPECT_NE(node.row().table, node.row().table_outside);
    EXPECT_EQ(node.table_at(node.row().table), maglev_table({a, b}).value());
    EXPECT_EQ(node.table_at(node.row().table_outside), maglev_table({b, c}).value());
    node.wants({{web, by_tables({}, {b, c})}});
    EXPECT_EQ(node.table_at(node.row().table_outside), maglev_table({b, c}).value());
    node.wants({});
    node.wants({{web, by_table({a, b})}, {other, by_table({a, b})}});
    EXPECT_EQ(std::min(node.row().table, node.row(other).table), 0u) << "all rows were given back, once";
    EXPECT_EQ(std::max(node.row().table, node.row(other).table), table_rows);
}

TEST(PlaceRows, where_there_is_no_choice_there_is_no_table) {
    Node node;
    node.wants({{web, by_tables({a}, {})}, {other, by_table({})}});
    EXPECT_EQ(node.count("put bl_places"), 0u);
    EXPECT_EQ(node.row().places, 0u);
    EXPECT_EQ(node.row().algorithm, static_cast<abi::u8>(abi::Algorithm::maglev)) << "midway packets go there, too";
}

// The numbers count from the begin of the frontend's range, where the backends of inside alone stand first.
TEST(PlaceRows, every_place_names_the_same_backend_however_the_range_is_arranged) {
    Node node;
    node.wants({{web, by_tables({a, b, c}, {a})}, {other, by_table({a, b, c})}});
    const auto named = [&](const plan::FrontendKey& key) {
        std::vector<std::string> names;
        for (const auto number : node.table_at(node.row(key).table)) {
            const auto* backend = node.maps["bl_backends4"].find<abi::Backend4>(node.row(key).first + number);
            names.push_back(to_string(value_addr(backend->addr)));
        }
        return names;
    };
    EXPECT_EQ(named(web), named(other));
}

TEST(PlaceRows, a_new_agent_takes_them_over_and_mends_what_is_wrong) {
    Node node;
    const Frontends wanted{{web, by_tables({a, b}, {b, c})},
                           {web6, by_table({backend("fd00::1"), backend("fd00::2")})}};
    node.wants(wanted);
    const auto table = node.row().table, table6 = node.row(web6).table;
    ASSERT_TRUE(node.restart());
    node.wants(wanted);
    EXPECT_THAT(node.journal, testing::ElementsAre("grace")) << "before devices nobody wants would be removed";
    node.wants({{web, wanted.at(web)}, {web6, wanted.at(web6)}, {other, by_table({a, c})}});
    EXPECT_EQ(node.row().table, table);
    EXPECT_EQ(node.row(other).table, 3 * table_rows) << "it knows what is free";

    abi::PlacesRow wrong{};
    ASSERT_TRUE(node.maps["bl_places"].update(bytes_of(table6), bytes_of(wrong)));
    ASSERT_TRUE(node.restart());
    node.wants(wanted);
    EXPECT_EQ(node.count("put bl_places"), table_rows);
    EXPECT_NE(node.row(web6).table, table6) << "packets may be reading it";
    EXPECT_EQ(node.table_at(node.row(web6).table), maglev_table(wanted.at(web6).backends).value());
}

TEST(PlaceRows, rows_that_are_anothers_or_outside_the_map_are_not_taken_over) {
    for (const std::uint32_t first : {4000000000u, 0u}) {
        Node node;
        node.wants({{web, by_table({a, b})}, {other, by_table({a, c})}});
        abi::Frontend bad = node.row(other);
        bad.table = first;
        const auto key = wire_key<V4>(other);
        ASSERT_TRUE(node.maps["bl_frontends4"].update(bytes_of(key), bytes_of(bad)));
        ASSERT_TRUE(node.restart());
        node.wants({{web, by_table({a, b})}, {other, by_table({a, c})}});
        EXPECT_EQ(node.table_at(node.row(other).table), maglev_table({a, c}).value());
        EXPECT_EQ(node.table_at(node.row().table), maglev_table({a, b}).value());
        EXPECT_NE(node.row(other).table, node.row().table);
    }
}

TEST(PlaceRows, a_full_map_is_an_error_that_leaves_the_old_in_force) {
    Node node;
    node.maps["bl_places"].set_limit(2 * table_rows);
    ASSERT_TRUE(node.restart());
    node.wants({{web, by_table({a, b})}, {other, frontend({a, b})}});
    node.wants({{web, by_table({a, b})}, {other, by_tables({a, b}, {b, c})}});
    const auto& status = node.applier->status();
    EXPECT_EQ(status.frontends.at(other).error, "bl_places: no 512 rows in one piece: 0 free, 0 at most together");
    EXPECT_EQ(node.row(other).algorithm, static_cast<abi::u8>(abi::Algorithm::random));
    EXPECT_EQ(node.row(other).count, 2);
    EXPECT_EQ(node.wants({{web, by_table({a, b})}, {other, by_table({b, c})}}).frontends.at(other).error, "")
        << "what was taken for it is free again";
    node.maps["bl_backends4"].set_limit(4);
}

TEST(PlaceRows, backends_that_do_not_fit_leave_no_table_behind) {
    Node node;
    node.maps["bl_backends4"].set_limit(2);
    node.maps["bl_places"].set_limit(table_rows);
    ASSERT_TRUE(node.restart());
    EXPECT_THAT(node.wants({{web, by_table({a, b, c})}}).frontends.at(web).error, HasSubstr("bl_backends4: no 3 rows"));
    EXPECT_EQ(node.wants({{web, by_table({a, b})}}).frontends.at(web).error, "");
}

TEST(PlaceRows, weights_need_a_table_where_they_differ) {
    Node node;
    plan::Frontend weighed = frontend({a, b});
    node.wants({{web, weighed}});
    EXPECT_EQ(node.row().places, 0u);
    weighed.backends[1].weight = 3;
    weighed.outside = {a};
    node.wants({{web, weighed}});
    EXPECT_EQ(node.row().algorithm, static_cast<abi::u8>(abi::Algorithm::random));
    EXPECT_EQ(node.row().places, 4u);
    EXPECT_EQ(node.row().places_outside, 0u) << "there is no choice";
    EXPECT_THAT(node.table_at(node.row().table, 4), testing::ElementsAre(0, 0, 1, 0)) << "b stands first";
    EXPECT_THAT(node.applier->diff().value(), IsEmpty());
    ASSERT_TRUE(node.restart());
    node.wants({{web, weighed}});
    EXPECT_EQ(node.count("put bl_places"), 0u) << "a new agent takes it over";
    weighed.algorithm = abi::Algorithm::least_connections;
    node.wants({{web, weighed}});
    EXPECT_EQ(node.row().places, 0u);
    weighed.backends[1].weight = 1;
    node.wants({{web, weighed}});
    EXPECT_THAT(node.applier->diff().value(), IsEmpty());
}

TEST(PlaceRows, more_backends_than_places_are_an_error_that_names_the_service) {
    Node node;
    for (const char* map : {"bl_backends4", "bl_members4"})
        node.maps[map].set_limit(1000000);
    ASSERT_TRUE(node.restart());
    std::vector<plan::Backend> many;
    for (unsigned i = 0; i <= maglev_places; i++)
        many.push_back(backend("10.1.0.1", static_cast<std::uint16_t>(i + 1)));
    EXPECT_EQ(node.wants({{web, by_table(many)}}).frontends.at(web).error,
              "default/web:http: 16382 backends: a table of maglev has 16381 places");
    EXPECT_EQ(node.wants({{web, frontend(many)}}).frontends.at(web).error, "");
}

TEST(PlaceRows, the_difference_to_the_kernel_names_the_algorithm) {
    Node node;
    node.wants({{web, by_table({a, b})}});
    EXPECT_THAT(node.applier->diff().value(), IsEmpty());
    abi::Frontend row = node.row();
    row.algorithm = 0;
    const auto key = wire_key<V4>(web);
    const auto sealed = abi::sealed(key, row);
    ASSERT_TRUE(node.maps["bl_frontends4"].update(bytes_of(key), bytes_of(sealed)));
    const auto diff = node.applier->diff().value();
    ASSERT_EQ(diff.size(), 1u);
    EXPECT_THAT(diff[0].wanted, HasSubstr(", algorithm maglev"));
    EXPECT_THAT(diff[0].actual, testing::Not(HasSubstr("algorithm")));
}

}  // namespace
}  // namespace beeline::kernel
