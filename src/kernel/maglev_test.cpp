#include "kernel/maglev.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <ranges>

#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using Backends = std::vector<plan::Backend>;

Backends pods(unsigned count, const char* net = "10.244.") {
    Backends list;
    for (unsigned i = 0; i < count; i++)
        list.push_back(fake::backend(fmt::format("{}{}.{}", net, i / 200, i % 200 + 1)));
    return list;
}
// The backends themselves, so that tables of different lists can be compared.
Backends named(const Backends& backends) {
    const auto numbers = maglev_table(backends).value();
    Backends table;
    for (const auto number : numbers)
        table.push_back(backends.at(number));
    return table;
}
std::map<plan::Backend, unsigned> shares(const Backends& table) {
    std::map<plan::Backend, unsigned> shares;
    for (const plan::Backend& backend : table)
        shares[backend]++;
    return shares;
}
// Places that changed although their backend is in both lists.
unsigned moved(const Backends& before, const Backends& after, const plan::Backend& other) {
    unsigned moved = 0;
    for (std::size_t i = 0; i < before.size(); i++)
        if (before[i] != after[i] && before[i] != other && after[i] != other) moved++;
    return moved;
}
double percent(unsigned places) {
    return 100.0 * places / maglev_places;
}

TEST(Maglev, the_order_of_the_backends_does_not_matter) {
    Backends list = pods(50);
    const Backends table = named(list);
    EXPECT_EQ(named(list), table);
    std::ranges::reverse(list);
    EXPECT_EQ(named(list), table);
    std::ranges::rotate(list, list.begin() + 17);
    EXPECT_EQ(named(list), table);
    for (plan::Backend& backend : list)
        backend.terminating = true;
    Backends same = named(list);
    for (plan::Backend& backend : same)
        backend.terminating = false;
    EXPECT_EQ(same, table) << "nor does how they are";
}

// Another table on one node than on the others would lead their connections astray: nobody may change it unawares.
TEST(Maglev, tables_are_those_of_every_other_version) {
    const auto numbers =
        maglev_table({fake::backend("10.0.0.1"), fake::backend("10.0.0.2"), fake::backend("10.0.0.3")});
    const auto numbers6 = maglev_table({fake::backend("fd00::1"), fake::backend("fd00::2"), fake::backend("fd00::3")});
    ASSERT_TRUE(numbers && numbers6);
    const auto begin = [](const Places& table) { return Places(table.begin(), table.begin() + 16); };
    EXPECT_THAT(begin(*numbers), testing::ElementsAre(2, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 2, 2, 0, 2, 0));
    EXPECT_THAT(begin(*numbers6), testing::ElementsAre(1, 0, 0, 2, 2, 1, 0, 0, 2, 1, 2, 0, 0, 2, 1, 2));
}

TEST(Maglev, shares_differ_by_one_place_at_most) {
    for (const unsigned count : {1u, 2u, 3u, 40u, 100u, 1000u, maglev_places}) {
        const auto all = shares(named(pods(count)));
        ASSERT_EQ(all.size(), count);
        const auto [least, most] = std::ranges::minmax(all | std::views::values);
        EXPECT_LE(most - least, 1u) << count;
    }
    EXPECT_EQ(shares(named(pods(1))).begin()->second, maglev_places) << "one backend has them all";
}

struct Moves {
    unsigned backends;
    double percent;  // at most
};

TEST(Maglev, a_backend_that_comes_or_goes_moves_few_places_of_others) {
    for (const Moves& row : {Moves{3, 1}, Moves{10, 2}, Moves{40, 2}, Moves{100, 2}}) {
        const Backends all = pods(row.backends);
        const Backends table = named(all);
        unsigned worst = 0, sum = 0;
        unsigned tried = 0;
        for (std::size_t i = 0; i < all.size(); i += all.size() / 10 + 1, tried++) {
            const plan::Backend leaving = all[i];
            Backends rest = all;
            std::erase(rest, leaving);
            const unsigned places = moved(table, named(rest), leaving);
            worst = std::max(worst, places);
            sum += places;
        }
        EXPECT_LE(percent(worst), row.percent) << row.backends;
        RecordProperty(fmt::format("moved_of_{}", row.backends),
                       fmt::format("mean {:.2f} %, worst {:.2f} %", percent(sum) / tried, percent(worst)));
        Backends more = all;
        more.push_back(fake::backend("10.245.0.1"));
        EXPECT_LE(percent(moved(table, named(more), more.back())), row.percent) << "coming, to " << row.backends;
    }
}

TEST(Maglev, shares_follow_the_weights) {
    Backends list = pods(3);
    list[1].weight = 2;
    list[2].weight = 5;
    const auto all = shares(named(list));
    EXPECT_EQ(all.at(list[0]), maglev_places / 8 + 1);
    EXPECT_NEAR(all.at(list[1]), maglev_places / 4.0, 2);
    EXPECT_NEAR(all.at(list[2]), maglev_places * 5.0 / 8, 3);
    for (plan::Backend& backend : list)
        backend.weight = static_cast<std::uint16_t>(backend.weight * 100);
    EXPECT_EQ(maglev_table(list).value(), maglev_table({list[0], list[1], list[2]}).value());
}

TEST(Maglev, ports_and_families_tell_backends_apart) {
    const Backends list{fake::backend("10.0.0.1", 1), fake::backend("10.0.0.1", 2), fake::backend("10.0.0.2", 1)};
    EXPECT_EQ(shares(named(list)).size(), 3u);
    EXPECT_NE(maglev_table({fake::backend("10.0.0.1"), fake::backend("10.0.0.2")}).value(),
              maglev_table({fake::backend("a00:1::"), fake::backend("a00:2::")}).value());
}

TEST(Maglev, no_backend_has_no_places_and_too_many_are_an_error) {
    EXPECT_TRUE(maglev_table({}).value().empty());
    const auto table = maglev_table(pods(maglev_places + 1));
    ASSERT_FALSE(table);
    EXPECT_EQ(table.error().what, "16382 backends: a table of maglev has 16381 places");
}

}  // namespace
}  // namespace beeline::kernel
