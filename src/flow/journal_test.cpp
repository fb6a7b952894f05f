#include "flow/journal.h"

#include <gtest/gtest.h>

#include <thread>

namespace beeline::flow {
namespace {

FlowRecord numbered(std::int64_t n, abi::Reason reason = abi::Reason::forwarded) {
    FlowRecord record;
    record.time_ns = n;
    record.reason = reason;
    return record;
}
std::vector<std::int64_t> numbers(const std::vector<RecordPtr>& records) {
    std::vector<std::int64_t> found;
    for (const auto& record : records)
        found.push_back(record->time_ns);
    return found;
}
using Numbers = std::vector<std::int64_t>;

TEST(Journal, KeepsTheLastRecordsOldestFirst) {
    Journal journal(3);
    for (int i = 1; i <= 5; i++)
        journal.add(numbered(i));
    EXPECT_EQ(numbers(journal.last(10, {})), (Numbers{3, 4, 5}));
    EXPECT_EQ(numbers(journal.last(2, {})), (Numbers{4, 5}));
    EXPECT_EQ(numbers(journal.last(0, {})), Numbers{});
}

TEST(Journal, CountsTheLastNAmongThoseThatMatch) {
    Journal journal;
    for (int i = 1; i <= 6; i++)
        journal.add(numbered(i, i % 2 ? abi::Reason::bad_source : abi::Reason::forwarded));
    EXPECT_EQ(numbers(journal.last(2, {.dropped = true, .pod = {}, .port = {}})), (Numbers{3, 5}));
}

TEST(Journal, AFollowerGetsThePastItAskedForThenWhatComes) {
    Journal journal;
    for (int i = 1; i <= 3; i++)
        journal.add(numbered(i));
    int wakes = 0;
    const auto follower = journal.subscribe({}, 2, [&] { wakes++; });
    EXPECT_EQ(numbers(follower->take().records), (Numbers{2, 3}));
    journal.add(numbered(4));
    journal.add(numbered(5));
    EXPECT_EQ(wakes, 1) << "one wake for a queue that was empty, not one a record";
    EXPECT_EQ(numbers(follower->take().records), (Numbers{4, 5}));
    journal.add(numbered(6));
    EXPECT_EQ(wakes, 2);
}

TEST(Journal, ASlowFollowerLosesTheNewestAndIsToldHowMany) {
    Journal journal;
    const auto follower = journal.subscribe({}, 0, [] {});
    for (std::size_t i = 0; i < Subscription::bound + 7; i++)
        journal.add(numbered(static_cast<std::int64_t>(i)));
    const auto batch = follower->take();
    EXPECT_EQ(batch.records.size(), Subscription::bound);
    EXPECT_EQ(batch.lost, 7u);
    EXPECT_EQ(follower->take().lost, 0u) << "told once";
}

TEST(Journal, AFollowerThatLeftIsForgotten) {
    Journal journal;
    int wakes = 0;
    auto follower = journal.subscribe({}, 0, [&] { wakes++; });
    follower.reset();
    journal.add(numbered(1));
    EXPECT_EQ(wakes, 0);
}

TEST(Journal, TotalsCountWhatCameWhatWasRefusedAndWhatTheDatapathLeftOut) {
    Journal journal(1);
    FlowRecord record = numbered(1);
    record.suppressed = 40;
    journal.add(record);
    journal.add(numbered(2));
    journal.add_malformed();
    EXPECT_EQ(journal.totals().received, 2u);
    EXPECT_EQ(journal.totals().malformed, 1u);
    EXPECT_EQ(journal.totals().lost, 40u);
}

TEST(Journal, FiltersByPodOnEitherSideAndByAnyPort) {
    FlowRecord record = numbered(1);
    record.source.port = {40000};
    record.destination.port = {8080};
    record.destination.pod = std::make_shared<const Pod>(Pod{{"default", "web"}, {}});
    record.service = AskedService{"default/web", {}, {80}};
    struct Row {
        const char* sentence;
        RecordFilter filter;
        bool matches;
    };
    const Row rows[] = {
        {"nothing asked", {}, true},
        {"the receiver", {.dropped = {}, .pod = model::Name{"default", "web"}, .port = {}}, true},
        {"same name, other namespace", {.dropped = {}, .pod = model::Name{"other", "web"}, .port = {}}, false},
        {"source port", {.dropped = {}, .pod = {}, .port = Port{40000}}, true},
        {"destination port", {.dropped = {}, .pod = {}, .port = Port{8080}}, true},
        {"service port", {.dropped = {}, .pod = {}, .port = Port{80}}, true},
        {"a port nobody used", {.dropped = {}, .pod = {}, .port = Port{81}}, false},
        {"drops only", {.dropped = true, .pod = {}, .port = {}}, false},
    };
    for (const Row& row : rows)
        EXPECT_EQ(row.filter.matches(record), row.matches) << row.sentence;
}

// Run under ThreadSanitizer too: one writer, followers that come and go, readers of the past.
TEST(Journal, UnderThreadsNoFollowerMissesOrDoublesARecord) {
    constexpr std::int64_t records = 20000;
    Journal journal(256);
    const auto steady = journal.subscribe({}, 0, [] {});
    std::atomic<bool> done{false};
    std::thread reader([&] {
        while (!done) {
            const auto passing = journal.subscribe({}, 16, [] {});
            const auto seen = numbers(passing->take().records);
            for (std::size_t i = 1; i < seen.size(); i++)
                ASSERT_EQ(seen[i], seen[i - 1] + 1);
        }
    });
    std::int64_t next = 0;
    std::uint64_t lost = 0;
    std::thread follower([&] {
        while (next + static_cast<std::int64_t>(lost) < records) {
            const auto batch = steady->take();
            for (const auto& record : batch.records) {
                ASSERT_GE(record->time_ns, next) << "doubled or out of order";
                next++;
            }
            lost += batch.lost;
        }
    });
    for (std::int64_t i = 0; i < records; i++)
        journal.add(numbered(i));
    follower.join();
    done = true;
    reader.join();
    EXPECT_EQ(next + static_cast<std::int64_t>(lost), records);
}

}  // namespace
}  // namespace beeline::flow
