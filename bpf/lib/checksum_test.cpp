// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/lib/checksum.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace beeline {
namespace {
using Words = std::array<u32, 8>;

// The sum as RFC 1071 has it: 16-bit words in memory, carries added until none is left.
u16 plain_sum(const Words& words) {
    u64 sum = 0;
    for (const u32 w : words)
        sum += (w & 0xffff) + (w >> 16);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<u16>(sum);
}
// 0 and 0xffff are one number.
bool equal(u16 a, u16 b) {
    return a == b || (a == 0 && b == 0xffff) || (a == 0xffff && b == 0);
}

struct Blob {
    Words words;
};

TEST(Checksum, folding_keeps_the_sum) {
    EXPECT_EQ(csum_fold(0), 0);
    EXPECT_EQ(csum_fold(0xffff), 0xffff);
    EXPECT_EQ(csum_fold(0x10000), 1);
    EXPECT_EQ(csum_fold(0xffffffff), 0xffff);
    EXPECT_EQ(csum_fold(0xffffffffffffffffULL), 0xffff);
    EXPECT_EQ(csum_fold(0xffff0001ffff0001ULL), 2);
    EXPECT_EQ(csum_add(0xffff, 0xffff), 0xffff);
    EXPECT_EQ(csum_add(0x8000, 0x8000), 1);
}

TEST(Checksum, words_of_a_struct_sum_like_its_bytes) {
    std::mt19937 random(1);
    for (int round = 0; round < 20000; round++) {
        Blob b;
        for (u32& w : b.words)
            w = round % 3 ? static_cast<u32>(random()) : (random() & 1 ? 0xffffffffU : 0U);
        EXPECT_EQ(csum_fold(csum_words(b)), plain_sum(b.words));
    }
}

TEST(Checksum, a_field_fixed_by_difference_is_the_field_computed_anew) {
    std::mt19937 random(2);
    for (int round = 0; round < 20000; round++) {
        Blob before, after;
        for (u32& w : before.words)
            w = static_cast<u32>(random());
        after = before;
        for (int i = 0; i < 3; i++)
            after.words[random() % 8] = static_cast<u32>(random());
        const u16 difference = csum_difference(csum_words(before), csum_words(after));
        EXPECT_TRUE(
            equal(csum_apply(csum_negate(plain_sum(before.words)), difference), csum_negate(plain_sum(after.words))));
        EXPECT_TRUE(equal(csum_apply_partial(plain_sum(before.words), difference), plain_sum(after.words)));
    }
}

TEST(Checksum, no_difference_changes_nothing_but_the_two_zeros) {
    for (u32 field = 0; field < 0x10000; field++)
        EXPECT_TRUE(equal(csum_apply(static_cast<u16>(field), csum_difference(12345, 12345)), static_cast<u16>(field)));
}

TEST(Checksum, there_and_back_is_where_it_was) {
    std::mt19937 random(3);
    for (int round = 0; round < 20000; round++) {
        const auto field = static_cast<u16>(random());
        const u64 from = random(), to = random();
        EXPECT_TRUE(equal(csum_apply(csum_apply(field, csum_difference(from, to)), csum_difference(to, from)), field));
    }
}

}  // namespace
}  // namespace beeline
