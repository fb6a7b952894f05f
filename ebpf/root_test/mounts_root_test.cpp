#include "ebpf/mounts.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>

#include "ebpf/root_test/sandbox.h"

namespace ebpf::test {
namespace {

TEST(MountsTest, a_mount_that_another_hides_is_none) {
    const std::string seen = must(mounted_path("bpf"));
    ASSERT_EQ(::mount("tmpfs", seen.c_str(), "tmpfs", 0, nullptr), 0) << std::strerror(errno);
    const auto hidden = mounted_path("bpf");
    ::umount2(seen.c_str(), MNT_DETACH);
    if (hidden) EXPECT_NE(*hidden, seen);
    EXPECT_EQ(must(mounted_path("bpf")), seen);
}

}  // namespace
}  // namespace ebpf::test
