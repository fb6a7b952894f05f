#include "kernel/quota.h"

#include <gtest/gtest.h>

namespace beeline::kernel {
namespace {

TEST(Quota, crowded_above_it_and_no_more_below_nine_tenths) {
    Quota quota(100);
    const Ifindex web{7};
    const auto crowded_with = [&](std::uint32_t flows) {
        quota.update({{web, flows}, {Ifindex{8}, 1}});
        return quota.crowded().contains(web);
    };
    EXPECT_FALSE(crowded_with(100));
    EXPECT_TRUE(crowded_with(101));
    EXPECT_TRUE(crowded_with(91)) << "it does not flutter";
    EXPECT_FALSE(crowded_with(90));
    EXPECT_FALSE(crowded_with(95));
    EXPECT_EQ(quota.crowded().size(), 0u);
}

TEST(Quota, who_has_no_flows_any_more_is_not_crowded) {
    Quota quota(10);
    quota.update({{Ifindex{7}, 11}});
    quota.update({});
    EXPECT_TRUE(quota.crowded().empty());
}

TEST(Quota, by_default_a_quarter_of_what_the_table_may_grow_to) {
    EXPECT_EQ(quota_of(0, 131072), 16384u) << "two entries a flow";
    EXPECT_EQ(quota_of(500, 131072), 500u);
}

}  // namespace
}  // namespace beeline::kernel
