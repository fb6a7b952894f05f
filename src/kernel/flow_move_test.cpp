#include "kernel/flow_move.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace beeline::kernel {
namespace {

using Journal = std::vector<std::string>;

// A table of `entries` in chunks of two; what is removed is gone by the next walk.
class FakeFormer : public FlowIo<V4> {
public:
    explicit FakeFormer(std::vector<std::uint16_t>& entries) : entries_(entries) {}
    std::uint32_t max_entries() const override { return 100; }
    Result<Chunk> next() override {
        if (at_ == 0) walk_ = entries_;
        Chunk chunk;
        for (; at_ < walk_.size() && chunk.entries.size() < 2; at_++) {
            Key key{};
            key.sport = walk_[at_];
            chunk.entries.emplace_back(key, Flow{});
        }
        chunk.last = at_ == walk_.size();
        if (chunk.last) at_ = 0;
        return chunk;
    }
    Result<std::optional<Flow>> lookup(const Key&) override { return std::optional<Flow>{}; }

private:
    std::vector<std::uint16_t>&entries_, walk_{};
    std::size_t at_ = 0;
};

// The larger table has room for `room` entries; bl_collect() in a few words.
class FakeReaper : public Reaper {
public:
    FakeReaper(std::vector<std::uint16_t>& entries, Journal& journal) : entries_(entries), journal_(journal) {}
    Result<> run(std::span<abi::Candidate> rows) override {
        for (abi::Candidate& row : rows)
            one(row);
        return {};
    }
    std::size_t room = 100;

private:
    void one(abi::Candidate& row) {
        abi::FlowKey4 key;
        std::memcpy(&key, &row.key, sizeof key);
        const bool copy = row.what == static_cast<abi::u8>(abi::Collect::copy);
        journal_.push_back((copy ? "copy " : "settle ") + std::to_string(key.sport));
        if (copy) {
            if (copied_.size() < room) copied_.insert(key.sport);
        } else if (copied_.contains(key.sport)) {
            row.removed = static_cast<abi::u8>(std::erase(entries_, key.sport));
        }
    }
    std::vector<std::uint16_t>& entries_;
    Journal& journal_;
    std::set<std::uint16_t> copied_{};
};

struct Growth {
    std::vector<std::uint16_t> entries;
    Journal journal{};
    FakeReaper reaper{entries, journal};
    bool grace_fails = false;
    FlowMove<V4> move{std::make_unique<FakeFormer>(entries), reaper, [this]() -> Result<> {
                          journal.push_back("grace");
                          if (grace_fails) return fail(Errc::kernel, "no grace");
                          return {};
                      }};
    // Until it does not say "moving".
    MoveStep finish() {
        for (unsigned i = 0; i < 20; i++)
            if (const auto step = move.step(); !step || *step != MoveStep::moving)
                return step ? *step : MoveStep::waiting;
        return MoveStep::moving;
    }
};

TEST(FlowMove, copies_all_before_it_takes_any_away_with_a_grace_period_between) {
    Growth growth{{1, 2, 3}};
    EXPECT_EQ(growth.finish(), MoveStep::moved);
    EXPECT_EQ(growth.journal,
              (Journal{"grace", "copy 1", "copy 2", "copy 3", "grace", "settle 1", "settle 2", "settle 3", "grace"}));
    EXPECT_TRUE(growth.entries.empty());
}

TEST(FlowMove, an_empty_table_is_moved_after_a_grace_period) {
    Growth growth{{}};
    EXPECT_EQ(growth.finish(), MoveStep::moved);
    EXPECT_EQ(growth.journal, (Journal{"grace"}));
}

TEST(FlowMove, what_finds_no_room_stays_and_is_tried_again_later) {
    Growth growth{{1, 2, 3}};
    growth.reaper.room = 1;
    EXPECT_EQ(growth.finish(), MoveStep::waiting);
    EXPECT_EQ(growth.entries, (std::vector<std::uint16_t>{2, 3}));
    growth.reaper.room = 3;
    EXPECT_EQ(growth.finish(), MoveStep::moved);
}

TEST(FlowMove, without_its_grace_period_nothing_is_taken_away) {
    Growth growth{{1}};
    ASSERT_EQ(growth.move.step().value(), MoveStep::moving);
    growth.grace_fails = true;
    EXPECT_FALSE(growth.move.step().has_value());
    EXPECT_FALSE(growth.move.step().has_value());
    EXPECT_EQ(growth.entries.size(), 1u);
    growth.grace_fails = false;
    EXPECT_EQ(growth.finish(), MoveStep::moved);
}

}  // namespace
}  // namespace beeline::kernel
