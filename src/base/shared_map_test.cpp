#include "base/shared_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

namespace beeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Map = SharedMap<int, std::string>;

// "-1 ~2 +3": gone, another entry, new.
std::vector<std::string> differences(const Map& before, const Map& now) {
    std::vector<std::string> texts;
    each_difference(before, now, [&](const Map::value_type* old, const Map::value_type* fresh) {
        const char* sign = old == nullptr ? "+" : fresh == nullptr ? "-" : "~";
        texts.push_back(sign + std::to_string((old == nullptr ? fresh : old)->first));
    });
    return texts;
}

std::map<int, std::string> plain(const Map& map) {
    return {map.begin(), map.end()};
}

Map numbers(int count) {
    Map map;
    for (int i = 0; i < count; ++i)
        map.insert_or_assign(i, std::to_string(i));
    return map;
}

TEST(SharedMap, is_a_map) {
    Map map{{2, "two"}, {1, "one"}};
    EXPECT_EQ(map.begin()->second, "one");
    EXPECT_EQ(map.at(2), "two");
    EXPECT_EQ(map.find(3), map.end());
    EXPECT_THROW((void)map.at(3), std::out_of_range);
    EXPECT_THROW((void)Map{}.at(3), std::out_of_range);
    EXPECT_FALSE(map.emplace(2, "zwei"));
    EXPECT_TRUE(map.emplace(3, "three"));
    map[1] = "eins";
    EXPECT_EQ(plain(map), (std::map<int, std::string>{{1, "eins"}, {2, "two"}, {3, "three"}}));
    EXPECT_EQ(map.erase(2), 1U);
    EXPECT_EQ(map.erase(2), 0U);
    EXPECT_EQ(map.size(), 2U);
    map.clear();
    EXPECT_TRUE(map.empty());
    EXPECT_EQ(map.begin(), map.end());
}

TEST(SharedMap, a_copy_stays_as_it_is) {
    Map map = numbers(200);
    const Map before = map;
    EXPECT_TRUE(map.same(before));
    map.insert_or_assign(7, "seven");
    map[8] = "eight";
    map.erase(9);
    EXPECT_EQ(before, numbers(200));
    EXPECT_FALSE(map.same(before));
    EXPECT_THAT(differences(before, map), ElementsAre("~7", "~8", "-9"));
    EXPECT_THAT(differences(map, before), ElementsAre("~7", "~8", "+9"));
}

TEST(SharedMap, equal_maps_need_not_share_anything) {
    const Map one = numbers(100), two = numbers(100);
    EXPECT_EQ(one, two);
    EXPECT_FALSE(one.same(two));
    EXPECT_EQ(differences(one, two).size(), 100U);
}

TEST(SharedMap, shares_what_stays_equal_when_it_becomes_another) {
    Map map = numbers(100);
    const Map before = map;
    auto other = plain(map);
    other[50] = "fifty";
    other.erase(60);
    other[200] = "new";
    map.assign(other);
    EXPECT_EQ(plain(map), other);
    EXPECT_THAT(differences(before, map), ElementsAre("~50", "-60", "+200"));
    const Map again = map;
    map.assign(other);
    EXPECT_TRUE(map.same(again));
}

TEST(SharedMap, an_entry_may_be_in_several_maps) {
    Map one{{1, "one"}}, two;
    two.put(one.entry(1));
    EXPECT_THAT(differences(one, two), IsEmpty());
    EXPECT_EQ(one.entry(2), nullptr);
}

TEST(SharedMap, says_the_same_as_a_plain_map_after_any_changes) {
    std::mt19937 random(1);
    const auto below = [&](unsigned end) { return static_cast<int>(random() % end); };
    Map map;
    std::map<int, std::string> model;
    for (int round = 0; round < 100; ++round) {
        const Map before = map;
        const auto model_before = model;
        for (int i = below(40); i > 0; --i) {
            const int key = below(500);
            if (below(3) == 0 ? model.erase(key) + map.erase(key) == 1 : false) FAIL() << "only one had " << key;
            const std::string value = std::to_string(below(1000));
            if (below(3) != 0) map.insert_or_assign(key, model[key] = value);
        }
        ASSERT_EQ(plain(map), model);
        ASSERT_EQ(plain(before), model_before);
        auto patched = model_before;
        each_difference(before, map, [&](const Map::value_type* old, const Map::value_type* fresh) {
            if (fresh == nullptr)
                patched.erase(old->first);
            else
                patched[fresh->first] = fresh->second;
        });
        ASSERT_EQ(patched, model);
    }
}

}  // namespace
}  // namespace beeline
