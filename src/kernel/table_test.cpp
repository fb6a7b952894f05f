#include "kernel/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "abi/service.h"
#include "kernel/fakes.h"

namespace beeline::kernel {
namespace {

using namespace fake;

using Rows = std::vector<std::pair<abi::u32, abi::u32>>;

struct Numbers {
    explicit Numbers(std::uint32_t limit) : map("numbers", limit, journal) {}
    abi::u32 in_kernel(abi::u32 key) const {
        const auto* row = map.find<abi::u32>(key);
        return row == nullptr ? 0 : *row;
    }
    // The mirror is the map.
    void expect_known() {
        EXPECT_EQ(table.rows().size(), map.rows.size());
        for (const auto& [key, row] : table.rows())
            EXPECT_EQ(in_kernel(key), row) << "row " << key;
    }

    Journal journal{};
    FakeMap map;
    Table<abi::u32, abi::u32> table{map};
};

TEST(Table, many_rows_are_put_by_one_call) {
    Numbers numbers(8);
    ASSERT_TRUE(numbers.table.put_many(Rows{{1, 10}, {2, 20}, {3, 30}}));
    EXPECT_EQ(numbers.map.writes, 1u);
    EXPECT_EQ(numbers.in_kernel(2), 20u);
    numbers.expect_known();
}

TEST(Table, of_many_rows_those_that_differ_are_written) {
    Numbers numbers(8);
    ASSERT_TRUE(numbers.table.put_many(Rows{{1, 10}, {2, 20}}));
    ASSERT_TRUE(numbers.table.put_many(Rows{{1, 10}, {2, 21}, {3, 30}}));
    EXPECT_THAT(numbers.journal, testing::ElementsAre("put numbers", "put numbers", "switch numbers", "put numbers"));
    numbers.expect_known();
    ASSERT_TRUE(numbers.table.put_many(Rows{{1, 10}, {3, 30}}));
    ASSERT_TRUE(numbers.table.put_many({}));
    EXPECT_EQ(numbers.map.writes, 2u) << "nothing differs";
}

TEST(Table, a_map_that_gets_full_has_the_rows_before_and_they_are_known) {
    Numbers numbers(3);
    ASSERT_TRUE(numbers.table.put(9, 90));
    const Rows rows{{1, 10}, {2, 20}, {3, 30}, {4, 40}};
    const auto full = numbers.table.put_many(rows);
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::exhausted);
    EXPECT_EQ(full.error().what, "numbers is full");
    EXPECT_EQ(numbers.table.rows().size(), 3u);
    numbers.expect_known();
    numbers.map.set_limit(8);
    numbers.journal.clear();
    ASSERT_TRUE(numbers.table.put_many(rows));
    EXPECT_EQ(numbers.journal.size(), 2u) << "only what was missing";
    numbers.expect_known();
}

TEST(Table, guarded_rows_are_sealed_one_by_one) {
    Journal journal;
    FakeMap map("bl_frontends4", 8, journal);
    Table<abi::FrontendKey4, abi::Frontend> table(map);
    const abi::FrontendKey4 first{.addr = {1}, .port = 80, .proto = 6, .pad = 0},
        second{.addr = {2}, .port = 80, .proto = 6, .pad = 0};
    ASSERT_TRUE(table.put_many({{first, abi::Frontend{}}, {second, abi::Frontend{}}}));
    for (const auto& key : {first, second}) {
        const auto* row = map.find<abi::Frontend>(key);
        ASSERT_NE(row, nullptr);
        EXPECT_EQ(row->check, abi::row_check(key, *row));
    }
}

}  // namespace
}  // namespace beeline::kernel
