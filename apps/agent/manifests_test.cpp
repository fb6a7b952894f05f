#include "apps/agent/manifests.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/file.h"

namespace beeline::agent {
namespace {

constexpr const char* manifest = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";

class ManifestsTest : public testing::Test {
protected:
    ManifestsTest() {
        char name[] = "/tmp/beeline-manifests-XXXXXX";
        folder_ = mkdtemp(name);
        run_dir_ = folder_ + "/run";
    }
    ~ManifestsTest() override { std::filesystem::remove_all(folder_); }
    std::string folder_, run_dir_;
};

TEST_F(ManifestsTest, TheFirstReadReturnsEveryFile) {
    ASSERT_TRUE(write_file(folder_ + "/a.yaml", manifest));
    ASSERT_TRUE(write_file(folder_ + "/b.yaml", "kind: {"));
    auto manifests = Manifests::open(folder_, run_dir_);
    ASSERT_TRUE(manifests);
    const auto edits = manifests->read();
    ASSERT_EQ(edits.size(), 2u);
    EXPECT_EQ(edits[0].file, "a.yaml");
    EXPECT_EQ(edits[0].objects.size(), 1u);
    EXPECT_EQ(edits[1].problems.size(), 1u);
}

TEST_F(ManifestsTest, ReadingAnewTellsWhatWentMeanwhile) {
    ASSERT_TRUE(write_file(folder_ + "/a.yaml", manifest));
    ASSERT_TRUE(write_file(folder_ + "/b.yaml", ""));
    auto manifests = Manifests::open(folder_, run_dir_);
    ASSERT_TRUE(manifests);
    manifests->read();
    std::filesystem::remove(folder_ + "/b.yaml");
    const auto edits = manifests->reread();
    ASSERT_TRUE(edits);
    ASSERT_EQ(edits->size(), 2u);
    EXPECT_EQ((*edits)[0].file, "a.yaml");
    EXPECT_FALSE((*edits)[0].removed);
    EXPECT_EQ((*edits)[1].file, "b.yaml");
    EXPECT_TRUE((*edits)[1].removed);
}

TEST_F(ManifestsTest, ADirectoryThatIsNotThereIsAnError) {
    EXPECT_FALSE(Manifests::open(folder_ + "/none", run_dir_));
}

}  // namespace
}  // namespace beeline::agent
