#include "flow/decode.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

namespace beeline::flow {
namespace {

abi::Event sample() {
    abi::Event event{};
    event.time_ns = 7;
    event.family = 4;
    event.proto = 6;
    event.kind = 1;
    inet_pton(AF_INET, "10.1.0.5", event.saddr);
    inet_pton(AF_INET, "10.96.0.1", event.daddr);
    inet_pton(AF_INET, "10.1.0.6", event.backend);
    event.sport = htons(40000);
    event.dport = htons(80);
    event.backend_port = htons(8080);
    event.flags = abi::event_translated | abi::event_redecided;
    event.rule = 99;
    return event;
}

TEST(Decode, TurnsWireFieldsIntoHostValues) {
    const abi::Event raw = sample();
    const auto event = decode(std::as_bytes(std::span(&raw, 1)));
    ASSERT_TRUE(event) << event.error().what;
    EXPECT_EQ(to_string(event->source), "10.1.0.5");
    EXPECT_EQ(to_string(event->destination), "10.96.0.1");
    EXPECT_EQ(to_string(event->backend), "10.1.0.6");
    EXPECT_EQ(event->source_port.value, 40000);
    EXPECT_EQ(event->destination_port.value, 80);
    EXPECT_EQ(event->backend_port.value, 8080);
    EXPECT_EQ(event->rule.value, 99u);
    EXPECT_TRUE(event->translated);
    EXPECT_TRUE(event->redecided);
    EXPECT_FALSE(event->reply);
}

TEST(Decode, ReadsAllSixteenBytesOfAnIpv6Address) {
    abi::Event raw = sample();
    raw.family = 6;
    inet_pton(AF_INET6, "fd00::1:2:3", raw.saddr);
    const auto event = decode(std::as_bytes(std::span(&raw, 1)));
    ASSERT_TRUE(event);
    EXPECT_EQ(to_string(event->source), "fd00::1:2:3");
}

TEST(Decode, LeavesNothingOfTheOtherFamilysWordsInAnIpv4Address) {
    abi::Event raw = sample();
    raw.saddr[3] = 0xffffffff;
    const auto event = decode(std::as_bytes(std::span(&raw, 1)));
    ASSERT_TRUE(event);
    EXPECT_EQ(event->source, *parse_addr("10.1.0.5"));
}

TEST(Decode, RefusesEverySizeButItsOwn) {
    const std::array<std::byte, sizeof(abi::Event) * 2> bytes{};
    for (std::size_t size = 0; size <= bytes.size(); size++) {
        if (size == sizeof(abi::Event)) continue;
        const auto event = decode(std::span(bytes).first(size));
        ASSERT_FALSE(event) << size;
        EXPECT_EQ(event.error().code, Errc::invalid);
    }
}

struct Refusal {
    const char* sentence;
    std::function<void(abi::Event&)> spoil;
    const char* what;
};

TEST(Decode, RefusesWhatThisBuildDoesNotKnow) {
    const Refusal rows[] = {
        {"kind 0", [](auto& e) { e.kind = 0; }, "event: unknown kind 0"},
        {"a kind of the future", [](auto& e) { e.kind = 9; }, "event: unknown kind 9"},
        {"a hook of the future", [](auto& e) { e.hook = 200; }, "event: unknown hook 200"},
        {"family 0", [](auto& e) { e.family = 0; }, "event: address family 0 is neither 4 nor 6"},
    };
    for (const Refusal& row : rows) {
        abi::Event raw = sample();
        row.spoil(raw);
        const auto event = decode(std::as_bytes(std::span(&raw, 1)));
        ASSERT_FALSE(event) << row.sentence;
        EXPECT_EQ(event.error().what, row.what);
    }
}

TEST(Decode, KeepsAnUnknownReasonWithItsNumber) {
    abi::Event raw = sample();
    raw.reason = 60;
    const auto event = decode(std::as_bytes(std::span(&raw, 1)));
    ASSERT_TRUE(event);
    EXPECT_TRUE(abi::is_drop(event->reason));
    EXPECT_STREQ(abi::reason_name(event->reason), "unknown");
}

}  // namespace
}  // namespace beeline::flow
