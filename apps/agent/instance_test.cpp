#include "apps/agent/instance.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "apps/agent/netns.h"

namespace beeline::agent {
namespace {

TEST(Instance, OnlyOneAgentUsesARunDirectory) {
    char name[] = "/tmp/beeline-instance-XXXXXX";
    const std::string folder = mkdtemp(name);
    const std::string run_dir = folder + "/made/on/the/way";
    {
        const auto first = Instance::claim(run_dir);
        ASSERT_TRUE(first) << first.error().what;
        EXPECT_EQ(*read_file(run_dir + "/beelined.pid"), std::to_string(getpid()) + "\n");
        const auto second = Instance::claim(run_dir);
        ASSERT_FALSE(second);
        EXPECT_EQ(second.error().code, Errc::conflict);
        EXPECT_NE(second.error().what.find("(pid " + std::to_string(getpid()) + ")"), std::string::npos);
    }
    EXPECT_FALSE(std::filesystem::exists(run_dir + "/beelined.pid"));
    EXPECT_TRUE(Instance::claim(run_dir)) << "free again";
    std::filesystem::remove_all(folder);
}

TEST(Netns, OnlyANetworkNamespaceOfSomebodyElseIsOne) {
    struct Row {
        const char* sentence;
        const char* path;
        Errc code;
    };
    const Row rows[] = {
        {"nothing there", "/nonexistent/ns", Errc::not_found},
        {"a process that is gone", "/proc/4194305/ns/net", Errc::not_found},
        {"a file", "/etc/hostname", Errc::invalid},
        {"a directory", "/tmp", Errc::invalid},
        {"a device", "/dev/null", Errc::invalid},
        {"a namespace of another kind", "/proc/self/ns/uts", Errc::invalid},
        {"the agent's own", "/proc/self/ns/net", Errc::invalid},
    };
    for (const Row& row : rows) {
        const auto inode = netns_inode(row.path);
        ASSERT_FALSE(inode) << row.sentence;
        EXPECT_EQ(inode.error().code, row.code) << row.sentence << ": " << inode.error().what;
    }
}

}  // namespace
}  // namespace beeline::agent
