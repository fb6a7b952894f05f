#include "kernel/range_allocator.h"

#include <gtest/gtest.h>

namespace beeline::kernel {
namespace {

TEST(RangeAllocator, gives_the_smallest_hole_that_fits_and_merges_what_comes_back) {
    RangeAllocator rows({0, 100});
    const Range a = *rows.allocate(10), b = *rows.allocate(5), c = *rows.allocate(20);
    EXPECT_EQ(a, (Range{0, 10}));
    EXPECT_EQ(b, (Range{10, 5}));
    EXPECT_EQ(c, (Range{15, 20}));
    rows.release(b);
    EXPECT_EQ(*rows.allocate(4), (Range{10, 4}));  // not from the big hole at 35
    rows.release({10, 4});
    rows.release(a);
    rows.release(c);
    EXPECT_EQ(rows.free(), 100u);
    EXPECT_EQ(rows.largest(), 100u);
}

TEST(RangeAllocator, says_how_much_room_there_is_when_there_is_too_little) {
    RangeAllocator rows({0, 10});
    ASSERT_TRUE(rows.reserve({4, 2}));
    auto refused = rows.allocate(5);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::exhausted);
    EXPECT_EQ(refused.error().what, "no 5 rows in one piece: 8 free, 4 at most together");
    EXPECT_EQ(*rows.allocate(4), (Range{0, 4}));
}

TEST(RangeAllocator, does_not_reserve_what_is_taken_or_outside) {
    RangeAllocator rows({0, 10});
    ASSERT_TRUE(rows.reserve({2, 3}));
    for (const Range& range : {Range{4, 1}, Range{0, 3}, Range{9, 2}, Range{10, 1}, Range{4294967290u, 10}})
        EXPECT_FALSE(rows.reserve(range)) << range.first;
    EXPECT_TRUE(rows.reserve({0, 2}));
    EXPECT_TRUE(rows.reserve({5, 5}));
    EXPECT_EQ(rows.free(), 0u);
    EXPECT_FALSE(rows.allocate(1));
}

TEST(RangeAllocator, nothing_costs_nothing) {
    RangeAllocator rows({0, 1});
    EXPECT_EQ(*rows.allocate(0), Range{});
    rows.release({});
    EXPECT_TRUE(rows.reserve({}));
    EXPECT_EQ(rows.free(), 1u);
}

}  // namespace
}  // namespace beeline::kernel
