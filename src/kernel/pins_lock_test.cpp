#include "kernel/pins_lock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace beeline::kernel {
namespace {

TEST(PinsLock, is_held_by_one_at_a_time_who_is_named) {
    char name[] = "/tmp/beeline-pins-XXXXXX";
    const std::string root = mkdtemp(name);
    {
        const auto first = lock_pins(root);
        ASSERT_TRUE(first) << first.error().what;
        const auto second = lock_pins(root);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, Errc::conflict);
        EXPECT_EQ(second.error().what.find(root + ": another agent uses these pins"), 0u) << second.error().what;
    }
    EXPECT_TRUE(lock_pins(root)) << "free again";
    std::filesystem::remove_all(root);
    const auto gone = lock_pins(root);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().code, Errc::not_found);
}

TEST(PinsLock, holders_are_told_by_inode) {
    const std::string locks =
        "1: POSIX  ADVISORY  WRITE 7 00:1a:42 0 EOF\n"
        "2: FLOCK  ADVISORY  WRITE 812 00:1a:42 0 EOF\n"
        "2: -> FLOCK  ADVISORY  WRITE 9 00:1a:43 0 EOF\n"
        "3: FLOCK  ADVISORY  WRITE 10 fe:01:42 0 EOF\n";
    struct Row {
        const char* file;
        int pid;
    };
    for (const Row& row : {Row{"00:1a:42", 812}, {"fe:01:42", 10}, {"00:1a:43", 0}, {"00:1a:4", 0}})
        EXPECT_EQ(parse_lock_holder(locks, row.file), row.pid) << row.file;
    EXPECT_EQ(parse_lock_holder("", "00:1a:42"), 0);
}

}  // namespace
}  // namespace beeline::kernel
