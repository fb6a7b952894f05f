#include "apps/agent/events.h"

#include <gtest/gtest.h>

#include <ctime>

namespace beeline::agent {
namespace {

TEST(TakeEvent, AnEventBecomesARecordWithWallTime) {
    flow::Enricher enricher(std::make_shared<const model::Snapshot>());
    flow::Journal journal;
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    abi::Event event{};
    event.kind = 1;
    event.family = 4;
    event.time_ns = static_cast<abi::u64>(now.tv_sec) * 1'000'000'000ULL + static_cast<abi::u64>(now.tv_nsec);
    take_event(std::as_bytes(std::span(&event, 1)), enricher, journal);
    const auto records = journal.last(10, {});
    ASSERT_EQ(records.size(), 1u);
    EXPECT_NEAR(static_cast<double>(records[0]->time_ns) / 1e9, static_cast<double>(std::time(nullptr)), 2);
}

TEST(TakeEvent, BytesThatAreNoEventAreCounted) {
    flow::Enricher enricher(std::make_shared<const model::Snapshot>());
    flow::Journal journal;
    const std::byte bytes[7]{};
    take_event(bytes, enricher, journal);
    EXPECT_EQ(journal.totals().malformed, 1u);
    EXPECT_EQ(journal.totals().received, 0u);
}

}  // namespace
}  // namespace beeline::agent
