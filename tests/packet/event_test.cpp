// Events that find no room are not lost track of.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {

class FullRing : public testing::TestWithParam<Family> {};

TEST_P(FullRing, the_next_event_that_finds_room_tells_how_many_did_not) {
    Variant variant;
    variant.family = GetParam();
    variant.event_bytes = 4096;
    Lab lab(variant);
    Datapath& datapath = lab.datapath();
    const Frame spoofed = udp(web, api, 1, 2).frame(variant.family);  // sent by another container
    const Arrival arrival{.hook = abi::Hook::from_container, .ifindex = device_of(client)};
    constexpr std::uint64_t packets = 100;  // fewer than events_per_tick
    datapath.run_unheard(arrival, spoofed, packets - 2);
    const auto full = datapath.run(arrival, spoofed).events;
    const auto after = datapath.run(arrival, spoofed).events;
    ASSERT_LT(full.size(), packets / 2);
    ASSERT_EQ(after.size(), 1U);
    EXPECT_EQ(full.size() + after.size() + after[0].suppressed, packets);
}
INSTANTIATE_TEST_SUITE_P(Under, FullRing, testing::Values(Family::v4, Family::v6));

}  // namespace
}  // namespace beeline::packet
