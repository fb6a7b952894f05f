#include "ebpf/map.h"

#include <gtest/gtest.h>

#include <optional>

namespace ebpf {
namespace {

MapInfo array_of(std::uint32_t rows, std::uint32_t value_size) {
    MapInfo info;
    info.name = "numbers";
    info.type = BPF_MAP_TYPE_ARRAY;
    info.key_size = 4;
    info.value_size = value_size;
    info.max_entries = rows;
    return info;
}

TEST(MapSpecTest, types_of_other_sizes_than_the_map_are_refused_with_both) {
    EXPECT_TRUE(check_sizes(array_of(8, 12), 4, 12));
    const auto refused = check_sizes(array_of(8, 12), 4, 16);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid);
    EXPECT_EQ(refused.error().what, "map 'numbers' has rows of 4+12 bytes (key+value), the types have 4+16");
    EXPECT_FALSE(check_sizes(array_of(8, 12), 8, 12));
}

TEST(MapSpecTest, a_row_of_a_per_cpu_map_has_a_padded_value_for_each_cpu) {
    MapInfo info = array_of(8, 12);
    EXPECT_EQ(info.row_size(), 12U);
    EXPECT_TRUE(check_per_cpu(info, false));
    EXPECT_FALSE(check_per_cpu(info, true));
    info.type = BPF_MAP_TYPE_PERCPU_ARRAY;
    const auto cpus = possible_cpus();
    ASSERT_TRUE(cpus);
    EXPECT_EQ(info.row_size(), 16U * *cpus);
    EXPECT_TRUE(check_per_cpu(info, true));
    EXPECT_TRUE(check_cpus(info, *cpus));
    EXPECT_FALSE(check_cpus(info, *cpus + 1));
}

struct StrideRow {
    const char* sentence;
    std::uint32_t rows, value_size;
    std::size_t element;
    std::optional<std::size_t> stride;
};

TEST(MapSpecTest, elements_in_memory_stand_where_the_kernel_puts_them) {
    const StrideRow cases[] = {
        {"rows of a multiple of 8 stand close", 8, 16, 16, 16},
        {"other rows are padded to 8", 8, 20, 20, 24},
        {"a section is an array of its elements, unpadded", 1, 32768, 4, 4},
        {"a section may be one element", 1, 20, 20, 20},
        {"a section that is no multiple of the element is something else", 1, 30, 4, std::nullopt},
        {"rows of another size are something else", 8, 16, 8, std::nullopt},
    };
    for (const StrideRow& row : cases) {
        const auto stride = mapped_stride(array_of(row.rows, row.value_size), row.element);
        EXPECT_EQ(stride ? std::optional(*stride) : std::nullopt, row.stride) << row.sentence;
    }
}

TEST(MapSpecTest, kinds_have_the_names_of_bpftool) {
    EXPECT_EQ(map_type_name(BPF_MAP_TYPE_LRU_HASH), "lru_hash");
    EXPECT_EQ(map_type_name(9999), "type 9999");
}

}  // namespace
}  // namespace ebpf
