#include "apps/agent/passing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace beeline::agent {
namespace {

TEST(PassingPods, are_what_was_saved) {
    char name[] = "/tmp/beeline-passing-XXXXXX";
    const std::string folder = mkdtemp(name);
    EXPECT_EQ(load_passing(folder).value(), Passing{});
    std::filesystem::create_directory(folder + "/state");
    const Passing passing{{{"default", "a"}, *parse_addr("10.0.0.1")}, {{"shop", "b"}, *parse_addr("fd00::1")}};
    ASSERT_TRUE(save_passing(folder, passing));
    EXPECT_EQ(load_passing(folder).value(), passing);
    std::ofstream(folder + "/state/passing") << "default/a 10.0.0\nshop/b fd00::1\nrest";
    EXPECT_EQ(load_passing(folder).value(), (Passing{{{"shop", "b"}, *parse_addr("fd00::1")}}));
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace beeline::agent
