// Many rows by one call, in maps of the kernel.
#include "kernel/ebpf_map_io.h"
#include "kernel/ebpf_result.h"
#include "kernel/root_test/sandbox.h"
#include "kernel/table.h"

namespace beeline::kernel::test {
namespace {

using Numbers = std::vector<std::uint32_t>;

EbpfMapIo map_of(std::uint32_t type, std::uint32_t entries) {
    return {"bl_numbers",
            must(result_of(ebpf::RawMap::create(
                {.name = "numbers", .type = type, .key_size = 4, .value_size = 4, .max_entries = entries})))};
}
Numbers read(MapIo& io, const Numbers& keys) {
    Numbers values;
    for (const std::uint32_t key : keys) {
        std::uint32_t value = 0;
        if (must(io.lookup(bytes_of(key), writable_bytes_of(value)))) values.push_back(value);
    }
    return values;
}

TEST(MapIoTest, rows_of_an_array_are_written_from_the_first_on) {
    EbpfMapIo map = map_of(BPF_MAP_TYPE_ARRAY, 8);
    must(update_range(map, 3, Numbers{30, 40, 50}));
    EXPECT_EQ(read(map, {2, 3, 4, 5, 6}), (Numbers{0, 30, 40, 50, 0}));
    must(update_range(map, 8, Numbers{}));
    EXPECT_FALSE(update_range(map, 7, Numbers{70, 80}));
}

TEST(MapIoTest, a_full_hash_is_exhausted_and_what_came_before_is_known) {
    EbpfMapIo map = map_of(BPF_MAP_TYPE_HASH, 3);
    Table<std::uint32_t, std::uint32_t> table(map);
    const auto full = table.put_many({{1, 10}, {2, 20}, {3, 30}, {4, 40}, {5, 50}});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::exhausted);
    EXPECT_EQ(full.error().what, "bl_numbers is full (3 entries)");
    EXPECT_EQ(read(map, {1, 2, 3, 4, 5}), (Numbers{10, 20, 30}));
    EXPECT_EQ(table.rows().size(), 3u);
    for (const auto& [key, row] : table.rows())
        EXPECT_TRUE(must(table.is_as_known(key))) << key;
}

// The kernel has no batches for maps of devices.
TEST(MapIoTest, where_there_are_no_batches_it_goes_row_by_row) {
    EbpfMapIo map = map_of(BPF_MAP_TYPE_DEVMAP, 2);
    const std::uint32_t loopback = 1;
    const Numbers keys{0, 1, 2}, devices(3, loopback);
    std::size_t done = 0;
    const auto written = update_many(map, keys, devices, done);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, Errc::exhausted);
    EXPECT_EQ(done, 2u);
    EXPECT_EQ(read(map, {0, 1}), (Numbers{loopback, loopback}));
}

}  // namespace
}  // namespace beeline::kernel::test
