#include "source/file/scalar.h"

#include <gtest/gtest.h>

namespace beeline::source::file {
namespace {

TEST(Scalar, has_the_type_yaml_1_1_gives_it) {
    using enum Tree::Kind;
    const struct {
        Tree::Kind kind;
        std::vector<const char*> texts;
    } rows[] = {
        {null, {"", "~", "null", "Null", "NULL"}},
        {boolean, {"true", "False", "YES", "no", "on", "Off", "y", "N"}},
        {integer, {"0", "80", "-1", "+7", "0x1F", "017", "0o17", "0b101", "00"}},
        {real, {"1.5", "-.5", "1.", "1e3", "1.0E-3", ".inf", "-.INF", ".nan", "08", "1e+3"}},
        {string,
         {"a", "8x", "0x", "0xg", "1.2.3", "e3", ".", "-", "+", "1e", "1_000", "12:30", "2024-01-01", "tRue", "nil",
          "0b2", "--1", "1-2", "10.0.0.0/8"}},
    };
    for (const auto& row : rows)
        for (const char* text : row.texts)
            EXPECT_STREQ(kind_text(resolve_plain(text)), kind_text(row.kind)) << text;
    EXPECT_EQ(resolve_plain("1.5"), real);
}

TEST(Scalar, integers_have_values) {
    const struct {
        const char* text;
        std::optional<std::int64_t> value;
    } rows[] = {
        {"0", 0},
        {"80", 80},
        {"-1", -1},
        {"+7", 7},
        {"0x1F", 31},
        {"017", 15},
        {"0o17", 15},
        {"0b101", 5},
        {"-0x10", -16},
        {"00", 0},
        {"9223372036854775807", 9223372036854775807},
        {"9223372036854775808", {}},
    };
    for (const auto& row : rows)
        EXPECT_EQ(integer_value(row.text), row.value) << row.text;
}

}  // namespace
}  // namespace beeline::source::file
