#include "store/allocator.h"

#include <gtest/gtest.h>

#include "store/fixture.h"

namespace beeline::store {
namespace {

TEST(Rotor, gives_a_freed_number_again_only_after_all_others) {
    Rotor rotor(1, 3);
    std::vector<std::uint64_t> given;
    for (int i = 0; i < 5; ++i) {
        const std::uint64_t number = rotor.next().value();
        given.push_back(number);
        rotor.take(number);
        rotor.resume_after(number);
        rotor.release(number);
    }
    EXPECT_EQ(given, (std::vector<std::uint64_t>{1, 2, 3, 1, 2}));
}

TEST(Rotor, finds_the_one_gap_and_then_nothing) {
    Rotor rotor(1, 4);
    for (const std::uint64_t n : {1, 2, 4})
        EXPECT_TRUE(rotor.take(n));
    EXPECT_FALSE(rotor.take(2));
    EXPECT_FALSE(rotor.take(5));
    rotor.resume_after(3);
    EXPECT_EQ(rotor.next(), 3U);
    rotor.take(3);
    EXPECT_EQ(rotor.next(), std::nullopt);
}

TEST(Rotor, passes_over_what_is_held) {
    Rotor rotor(1, 4);
    rotor.hold(1);
    rotor.hold(3);
    EXPECT_EQ(rotor.next(), 2U);
    EXPECT_TRUE(rotor.take(2));
    EXPECT_TRUE(rotor.take(3)) << "by name";
    EXPECT_EQ(rotor.next(), 4U);
    EXPECT_TRUE(rotor.take(4));
    EXPECT_EQ(rotor.next(), std::nullopt);
    rotor.unhold(1);
    rotor.release(3);
    EXPECT_EQ(rotor.next(), 1U);
    EXPECT_TRUE(rotor.take(1));
    EXPECT_EQ(rotor.next(), std::nullopt) << "3 is free and still held";
}

struct RangeRow {
    const char* says;
    const char* prefix;
    std::vector<const char*> reserved;
    std::vector<const char*> given;  // until it is exhausted
};

TEST(AddressPool, gives_what_an_interface_may_have) {
    const std::vector<RangeRow> rows{
        {"not network, router, broadcast",
         "10.0.0.8/29",
         {"10.0.0.9"},
         {"10.0.0.10", "10.0.0.11", "10.0.0.12", "10.0.0.13", "10.0.0.14"}},
        {"IPv6 has no broadcast", "fd00::8/126", {"fd00::9"}, {"fd00::a", "fd00::b"}},
        {"two addresses are both usable", "10.0.0.0/31", {}, {"10.0.0.0", "10.0.0.1"}},
        {"one address is usable", "10.0.0.7/32", {}, {"10.0.0.7"}},
    };
    for (const RangeRow& row : rows) {
        std::vector<Addr> reserved;
        for (const char* text : row.reserved)
            reserved.push_back(addr(text));
        AddressPool pool(prefix(row.prefix), reserved);
        std::vector<std::string> given;
        while (auto next = pool.next()) {
            given.push_back(to_string(*next));
            pool.take(*next);
        }
        EXPECT_EQ(given, std::vector<std::string>(row.given.begin(), row.given.end())) << row.says;
        EXPECT_EQ(pool.next().error().code, Errc::exhausted) << row.says;
        EXPECT_EQ(pool.next().error().what,
                  fmt::format("no free address in {}: all {} are in use", row.prefix, row.given.size()));
    }
}

TEST(AddressPool, says_why_an_address_cannot_be_had) {
    AddressPool pool(prefix("10.0.0.0/24"), {addr("10.0.0.1")});
    pool.take(addr("10.0.0.5"));
    const std::vector<std::pair<const char*, std::string>> rows{
        {"10.0.0.9", ""},
        {"10.0.1.9", "address 10.0.1.9 is outside 10.0.0.0/24"},
        {"fd00::9", "address fd00::9 is outside 10.0.0.0/24"},
        {"10.0.0.0", "address 10.0.0.0 of 10.0.0.0/24 is reserved"},
        {"10.0.0.1", "address 10.0.0.1 of 10.0.0.0/24 is reserved"},
        {"10.0.0.255", "address 10.0.0.255 of 10.0.0.0/24 is reserved"},
        {"10.0.0.5", "address 10.0.0.5 is taken"},
    };
    for (const auto& [text, error] : rows) {
        const auto checked = pool.check(addr(text));
        EXPECT_EQ(checked ? "" : checked.error().what, error);
    }
}

TEST(AddressPool, lets_a_far_address_of_a_wide_prefix_be_asked_for) {
    AddressPool pool(prefix("fd00::/64"), {});
    const Addr far = addr("fd00::1:2:3:4");
    EXPECT_TRUE(pool.check(far));
    pool.take(far);
    EXPECT_EQ(pool.check(far).error().code, Errc::conflict);
    EXPECT_EQ(to_string(pool.next().value()), "fd00::1");
    pool.release(far);
    EXPECT_TRUE(pool.check(far));
}

}  // namespace
}  // namespace beeline::store
