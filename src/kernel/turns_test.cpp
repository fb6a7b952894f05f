#include "kernel/turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace beeline::kernel {
namespace {

using testing::ElementsAre;
using Weights = std::vector<std::uint16_t>;

std::map<abi::u16, std::size_t> shares(const Places& order) {
    std::map<abi::u16, std::size_t> shares;
    for (const abi::u16 backend : order)
        shares[backend]++;
    return shares;
}

TEST(Turns, equal_weights_take_turns_one_by_one) {
    EXPECT_THAT(turns_of(Weights{1, 1, 1}), ElementsAre(0, 1, 2));
    EXPECT_THAT(turns_of(Weights{700, 700}), ElementsAre(0, 1));
    EXPECT_THAT(turns_of(Weights{}), testing::IsEmpty());
}

TEST(Turns, a_heavy_backend_does_not_take_all_of_its_turns_at_once) {
    EXPECT_THAT(turns_of(Weights{4, 2, 1}), ElementsAre(0, 1, 0, 2, 0, 1, 0));
    EXPECT_THAT(turns_of(Weights{1, 3}), ElementsAre(1, 0, 1, 1));
    EXPECT_THAT(turns_of(Weights{25, 75}), ElementsAre(1, 0, 1, 1)) << "what they have in common does not matter";
}

TEST(Turns, shares_are_those_of_the_weights) {
    const Weights weights{7, 1, 13, 2, 100};
    const auto all = shares(turns_of(weights));
    for (abi::u16 i = 0; i < weights.size(); i++)
        EXPECT_EQ(all.at(i), weights[i]) << i;
}

TEST(Turns, a_round_that_would_be_too_long_is_rounded_and_nobody_is_forgotten) {
    Weights weights(500, 1000);
    weights[0] = 1;
    weights[1] = 500;
    const Places order = turns_of(weights);
    EXPECT_LE(order.size(), most_turns + weights.size());
    const auto all = shares(order);
    EXPECT_EQ(all.size(), weights.size());
    EXPECT_EQ(all.at(0), 1u);
    EXPECT_EQ(all.at(1), 4u);
    EXPECT_EQ(all.at(2), 8u);
}

TEST(Turns, weight_0_counts_as_1) {
    EXPECT_THAT(turns_of(Weights{0, 1}), ElementsAre(0, 1));
}

}  // namespace
}  // namespace beeline::kernel
