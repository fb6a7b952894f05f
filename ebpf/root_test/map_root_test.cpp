#include "ebpf/map.h"

#include <gmock/gmock.h>

#include <array>
#include <numeric>
#include <set>

#include "ebpf/ring_buffer.h"
#include "ebpf/root_test/sample.h"
#include "ebpf/root_test/sandbox.h"

namespace ebpf::test {
namespace {
using testing::ElementsAre;
using Rows = Map<std::uint32_t, std::uint64_t>;

const std::array<std::byte, 64> packet{};

Rows make_rows(std::uint32_t entries, std::uint32_t type = BPF_MAP_TYPE_HASH) {
    return must(Rows::create({.name = "rows", .type = type, .max_entries = entries}));
}

void fill(const Rows& rows, std::uint32_t count) {
    std::vector<std::uint32_t> keys(count);
    std::iota(keys.begin(), keys.end(), 0U);
    const std::vector<std::uint64_t> values(keys.begin(), keys.end());
    must(rows.update_batch(keys, values));
}

TEST(MapTest, lookup_update_and_remove_tell_what_was_there) {
    const Rows rows = make_rows(4);
    EXPECT_EQ(must(rows.lookup(1)), std::nullopt);
    must(rows.update(1, 10));
    EXPECT_EQ(must(rows.lookup(1)), 10U);
    EXPECT_EQ(rows.update(1, 11, BPF_NOEXIST).error().code, Errc::exists);
    EXPECT_EQ(rows.update(2, 11, BPF_EXIST).error().code, Errc::not_found);
    EXPECT_TRUE(must(rows.remove(1)));
    EXPECT_FALSE(must(rows.remove(1)));
}

TEST(MapTest, a_full_map_is_an_error_that_names_it) {
    const Rows rows = make_rows(1);
    must(rows.update(1, 1));
    const auto second = rows.update(2, 2);
    EXPECT_EQ(second.error().code, Errc::exhausted);
    EXPECT_THAT(second.error().what, testing::StartsWith("map 'rows': update: "));
}

TEST(MapTest, info_and_memory_are_those_of_the_kernel) {
    const Rows rows = make_rows(1000);
    EXPECT_EQ(rows.info().name, "rows");
    EXPECT_EQ(rows.info().max_entries, 1000U);
    EXPECT_EQ(map_type_name(rows.info().type), "hash");
    EXPECT_GT(must(rows.raw().memlock()), 1000U * (4 + 8));
    EXPECT_EQ(must(Rows::from_id(rows.info().id)).info().id, rows.info().id);
    EXPECT_EQ((Map<std::uint16_t, std::uint64_t>::from_id(rows.info().id)).error().code, Errc::invalid);
}

TEST(MapTest, every_row_is_visited_once_whatever_the_kind) {
    for (const std::uint32_t type : {BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_ARRAY}) {
        const Rows rows = make_rows(5000, type);
        fill(rows, 3000);
        std::set<std::uint32_t> seen;
        std::uint32_t visits = 0;
        must(rows.for_each([&](std::uint32_t key, std::uint64_t value) {
            visits++;
            if (key < 3000 && value == key) seen.insert(key);
        }));
        EXPECT_EQ(seen.size(), 3000U) << map_type_name(type);
        EXPECT_EQ(visits, type == BPF_MAP_TYPE_ARRAY ? 5000U : 3000U) << map_type_name(type);
    }
}

TEST(MapTest, a_walk_tolerates_rows_deleted_on_the_way_and_stops_when_told) {
    const Rows rows = make_rows(5000);
    fill(rows, 5000);
    std::set<std::uint32_t> seen;
    must(rows.for_each([&](std::uint32_t key, std::uint64_t) {
        EXPECT_TRUE(seen.insert(key).second);
        must(rows.remove(key));
        must(rows.remove(4999 - key));
    }));
    EXPECT_TRUE(must(rows.rows()).empty());
    fill(rows, 10);
    int visits = 0;
    must(rows.for_each([&](std::uint32_t, std::uint64_t) { return ++visits < 3; }));
    EXPECT_EQ(visits, 3);
    EXPECT_TRUE(must(make_rows(8).rows()).empty());
}

TEST(MapTest, prefixes_are_walked_too) {
    struct Prefix {
        std::uint32_t bits;
        std::array<std::uint8_t, 4> address;
    };
    const auto trie = must(Map<Prefix, std::uint32_t>::create(
        {.name = "trie", .type = BPF_MAP_TYPE_LPM_TRIE, .max_entries = 8, .flags = BPF_F_NO_PREALLOC}));
    must(trie.update({8, {10, 0, 0, 0}}, 1));
    must(trie.update({16, {10, 1, 0, 0}}, 2));
    EXPECT_EQ(must(trie.lookup({32, {10, 1, 2, 3}})), 2U);
    EXPECT_EQ(must(trie.rows()).size(), 2U);
}

TEST(MapTest, a_batch_walk_goes_on_where_it_stopped) {
    const Rows rows = make_rows(4000);
    fill(rows, 4000);
    BatchCursor cursor;
    std::array<std::uint32_t, 512> keys;
    std::array<std::uint64_t, 512> values;
    std::set<std::uint32_t> seen;
    int steps = 0;
    for (; !cursor.done; steps++) {
        const std::size_t count = must(rows.lookup_batch(cursor, keys, values));
        for (std::size_t i = 0; i < count; i++)
            seen.insert(keys[i]);
    }
    EXPECT_EQ(seen.size(), 4000U);
    EXPECT_GE(steps, 8);
    EXPECT_EQ(must(rows.lookup_batch(cursor, keys, values)), 0U);
}

TEST(MapTest, a_batch_write_that_runs_out_of_room_says_how_far_it_came) {
    const Rows rows = make_rows(3);
    const std::array<std::uint32_t, 5> keys = {1, 2, 3, 4, 5};
    const std::array<std::uint64_t, 5> values = {10, 20, 30, 40, 50};
    Batch batch;
    EXPECT_EQ(rows.update_batch(keys, values, batch).error().code, Errc::exhausted);
    EXPECT_EQ(batch.done, 3U);
    must(rows.remove(1));
    EXPECT_FALSE(rows.update_batch(keys, values, batch));
    EXPECT_EQ(batch.done, 4U);
    EXPECT_EQ(must(rows.lookup(4)), 40U);
}

TEST(MapTest, a_batch_delete_skips_what_is_not_there) {
    const Rows rows = make_rows(8);
    fill(rows, 4);
    const std::array<std::uint32_t, 6> keys = {7, 0, 9, 2, 3, 8};
    EXPECT_EQ(must(rows.remove_batch(keys)), 3U);
    EXPECT_THAT(must(rows.rows()), ElementsAre(Rows::Row{1, 1}));
    EXPECT_EQ(must(rows.remove_batch({})), 0U);
}

TEST(MapTest, keys_and_values_of_another_size_are_refused) {
    const Rows rows = make_rows(8);
    std::array<std::byte, 3> three;
    std::array<std::byte, 8> eight;
    EXPECT_EQ(rows.raw().lookup(three, eight).error().what, "map 'rows': a key has 4 bytes, not 3");
    BatchCursor cursor;
    EXPECT_EQ(rows.raw().lookup_batch(cursor, eight, eight).error().code, Errc::invalid);
}

TEST(PerCpuMapTest, a_row_has_a_value_for_each_cpu) {
    const std::uint32_t cpus = must(possible_cpus());
    const auto map =
        must(PerCpuMap<std::uint32_t, std::uint32_t>::create({.name = "counts", .type = BPF_MAP_TYPE_PERCPU_HASH}));
    std::vector<std::uint32_t> values(cpus);
    std::iota(values.begin(), values.end(), 5U);
    must(map.update(3, values));
    EXPECT_EQ(must(map.lookup(3)), values);
    EXPECT_EQ(must(map.lookup(4)), std::nullopt);
    must(map.for_each([&](std::uint32_t key, const std::vector<std::uint32_t>& row) {
        EXPECT_EQ(key, 3U);
        EXPECT_EQ(row, values);
    }));
    values.push_back(0);
    EXPECT_EQ(map.update(3, values).error().code, Errc::invalid);
}

TEST(QueueTest, values_come_out_in_the_order_they_went_in) {
    const auto queue =
        must(Queue<std::uint32_t>::create({.name = "queue", .type = BPF_MAP_TYPE_QUEUE, .max_entries = 2}));
    must(queue.push(1));
    must(queue.push(2));
    EXPECT_EQ(queue.push(3).error().code, Errc::exhausted);
    EXPECT_EQ(must(queue.peek()), 1U);
    EXPECT_EQ(must(queue.pop()), 1U);
    EXPECT_EQ(must(queue.pop()), 2U);
    EXPECT_EQ(must(queue.pop()), std::nullopt);
}

TEST(MappedArrayTest, a_store_is_seen_by_the_program_and_the_other_way_round) {
    const Object object = load_sample();
    const auto slots = must(map_array<std::uint32_t>(must(object.raw_map(".data.slots"))));
    EXPECT_EQ(slots.size(), sample::slots);
    slots[3] = 41;
    const Program program = must(object.program("sample_constants"));
    EXPECT_EQ(must(program.test_run({.data_in = packet, .repeat = 3})).retval, 42U);
    const auto seen = must(map_array<std::uint64_t>(must(object.raw_map(".bss"))));
    EXPECT_EQ(must(seen.span()).front(), 3U);
}

TEST(MappedArrayTest, rows_the_kernel_pads_are_reached_one_by_one) {
    const Object object = load_sample();
    const auto map = must(object.map<std::uint32_t, sample::Wide>("sample_wide"));
    const auto wide = must(map.mmap());
    EXPECT_EQ(wide.size(), 8U);
    wide[7] = {{1, 2, 3, 4, 5}};
    EXPECT_EQ(must(map.lookup(7))->word[4], 5U);
    EXPECT_FALSE(wide.span());
    __sk_buff context{};
    context.mark = 7;
    const auto run = must(object.program("sample_wide_sum")).test_run({.data_in = packet, .ctx_in = bytes_of(context)});
    EXPECT_EQ(must(Result<TestResult>(run)).retval, 6U);
}

TEST(MappedArrayTest, a_frozen_section_can_only_be_read_and_a_hash_not_at_all) {
    const Object object = load_sample();
    const RawMap constants = must(object.raw_map(".rodata"));
    EXPECT_FALSE(map_array<std::uint32_t>(constants));
    EXPECT_EQ(must(map_array<const std::byte>(constants)).size(), constants.info().value_size);
    EXPECT_EQ(make_rows(1).mmap().error().what, "map 'rows' is no array with BPF_F_MMAPABLE");
}

TEST(RingBufferTest, records_reach_the_handler_in_order) {
    const Object object = load_sample();
    std::vector<std::uint32_t> marks;
    auto ring = must(RingBuffer::open(must(object.raw_map("sample_ring")), [&](std::span<const std::byte> record) {
        ASSERT_EQ(record.size(), sizeof(sample::Event));
        marks.push_back(value_of<sample::Event>(record).mark);
    }));
    EXPECT_EQ(must(ring.poll(std::chrono::milliseconds(0))), 0U);
    const Program program = must(object.program("sample_emit"));
    for (const std::uint32_t mark : {5U, 6U}) {
        __sk_buff context{};
        context.mark = mark;
        must(program.test_run({.data_in = packet, .ctx_in = bytes_of(context)}));
    }
    RingBuffer moved = std::move(ring);
    EXPECT_EQ(must(moved.poll(std::chrono::milliseconds(1000))), 2U);
    EXPECT_THAT(marks, ElementsAre(5, 6));
    EXPECT_EQ(must(moved.consume()), 0U);
    EXPECT_GE(moved.fd(), 0);
    EXPECT_EQ(RingBuffer::open(must(object.raw_map("sample_rows")), {}).error().code, Errc::invalid);
    EXPECT_EQ(must(must(object.queue<std::uint32_t>("sample_queue")).pop()), packet.size());
}

}  // namespace
}  // namespace ebpf::test
