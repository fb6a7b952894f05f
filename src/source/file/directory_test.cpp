#include "source/file/directory.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>

#include "base/time.h"

namespace beeline::source::file {
namespace {

namespace fs = std::filesystem;

std::string pod(const std::string& name) {
    return "apiVersion: v1\nkind: Pod\nmetadata: {name: " + name + "}\n";
}

std::string text_of(const FileChange& change) {
    std::string text = change.file + (change.removed ? " removed" : "");
    for (const auto& object : change.parsed.objects)
        text += " " + ref_of(object).name;
    for (const auto& problem : change.parsed.problems)
        text += " ! " + to_string(problem);
    return text;
}

using Texts = std::vector<std::string>;

class DirectoryTest : public testing::Test {
protected:
    DirectoryTest() {
        std::string pattern = testing::TempDir() + "beeline-manifests-XXXXXX";
        root_ = mkdtemp(pattern.data());
        path_ = root_ + "/d";
        fs::create_directory(path_);
    }
    ~DirectoryTest() override { fs::remove_all(root_); }

    std::string file(const std::string& name) const { return path_ + "/" + name; }
    static void write(const std::string& path, const std::string& content) { std::ofstream(path) << content; }

    // Opened, with what was there taken.
    Directory open() {
        auto directory = Directory::open(path_);
        EXPECT_TRUE(directory) << directory.error().what;
        directory->read();
        return std::move(*directory);
    }
    // Waits as an event loop does.
    static Texts batch(Directory& directory, std::chrono::milliseconds limit) {
        const auto end = monotonic_ms() + static_cast<std::uint64_t>(limit.count());
        for (auto now = monotonic_ms(); now < end; now = monotonic_ms()) {
            pollfd ready{directory.fd(), POLLIN, 0};
            poll(&ready, 1, static_cast<int>(end - now));
            const auto changes = directory.read();
            if (changes.empty()) continue;
            Texts texts;
            for (const FileChange& change : changes)
                texts.push_back(text_of(change));
            return texts;
        }
        return {};
    }
    // The next `count` changes, sorted: on a busy machine two batches may come as one.
    static Texts next(Directory& directory, std::size_t count = 1) {
        Texts all;
        while (all.size() < count) {
            const Texts texts = batch(directory, std::chrono::seconds(5));
            if (texts.empty()) break;
            all.insert(all.end(), texts.begin(), texts.end());
        }
        std::ranges::sort(all);
        return all;
    }
    // For what must not happen.
    static Texts soon(Directory& directory) { return batch(directory, std::chrono::milliseconds(200)); }

    std::string root_, path_;
};

TEST_F(DirectoryTest, that_is_missing_is_an_error_value) {
    const auto missing = Directory::open(root_ + "/none");
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_EQ(missing.error().what, "watch " + root_ + "/none: No such file or directory");
    write(root_ + "/plain", "");
    const auto plain = Directory::open(root_ + "/plain");
    EXPECT_EQ(plain.error().code, Errc::invalid);
}

TEST_F(DirectoryTest, first_read_is_what_is_there_without_waiting) {
    for (const char* name :
         {"b.yaml", "a.yml", "c.json", ".hidden.yaml", "d.yaml~", "e.txt", ".f.yaml.swp", "#g.yaml#"})
        write(file(name), pod("p"));
    fs::create_directory(file("sub"));
    write(file("sub/h.yaml"), pod("h"));
    auto directory = Directory::open(path_);
    ASSERT_TRUE(directory);
    Texts texts;
    for (const FileChange& change : directory->read())
        texts.push_back(text_of(change));
    EXPECT_EQ(texts, (Texts{"a.yml p", "b.yaml p", "c.json p"}));
    EXPECT_EQ(soon(*directory), Texts{});
}

TEST_F(DirectoryTest, its_descriptor_is_ready_for_the_first_read) {
    auto directory = Directory::open(path_);
    write(file("a.yaml"), pod("a"));
    EXPECT_EQ(next(*directory), Texts{"a.yaml a"});
}

TEST_F(DirectoryTest, tells_new_changed_and_removed_files) {
    Directory directory = open();
    write(file("a.yaml"), pod("a"));
    EXPECT_EQ(next(directory), Texts{"a.yaml a"});
    write(file("a.yaml"), pod("b"));
    EXPECT_EQ(next(directory), Texts{"a.yaml b"});
    write(file("a.yaml"), "kind: [");
    EXPECT_EQ(next(directory), Texts{"a.yaml ! a.yaml:1: not valid YAML: did not find expected node content"});
    fs::remove(file("a.yaml"));
    EXPECT_EQ(next(directory), Texts{"a.yaml removed"});
    EXPECT_EQ(soon(directory), Texts{});
}

TEST_F(DirectoryTest, same_bytes_are_no_change) {
    Directory directory = open();
    write(file("a.yaml"), pod("a"));
    EXPECT_EQ(next(directory), Texts{"a.yaml a"});
    write(file("a.yaml"), pod("a"));
    EXPECT_EQ(soon(directory), Texts{});
}

TEST_F(DirectoryTest, a_rename_into_place_and_out_of_it) {
    Directory directory = open();
    write(root_ + "/tmp", pod("a"));
    fs::rename(root_ + "/tmp", file("a.yaml"));
    EXPECT_EQ(next(directory), Texts{"a.yaml a"});
    fs::rename(file("a.yaml"), file("b.yaml"));
    EXPECT_EQ(next(directory, 2), (Texts{"a.yaml removed", "b.yaml a"}));
    fs::rename(file("b.yaml"), file("b.yaml.off"));
    EXPECT_EQ(next(directory), Texts{"b.yaml removed"});
}

TEST_F(DirectoryTest, an_editor_that_replaces_a_file_does_not_remove_it) {
    write(file("a.yaml"), pod("a"));
    Directory directory = open();
    fs::rename(file("a.yaml"), file("a.yaml~"));
    EXPECT_EQ(directory.read().size(), 0U);
    write(file("a.yaml"), pod("b"));
    fs::remove(file("a.yaml~"));
    EXPECT_EQ(next(directory), Texts{"a.yaml b"});
    EXPECT_EQ(soon(directory), Texts{});
}

TEST_F(DirectoryTest, a_half_written_file_waits_for_its_close) {
    write(file("a.yaml"), pod("old"));
    Directory directory = open();
    {
        std::ofstream writer(file("a.yaml"));
        writer << "apiVersion: v1\nkind: Pod\n" << std::flush;
        EXPECT_EQ(soon(directory), Texts{});
        writer << "metadata: {name: a}\n" << std::flush;
        EXPECT_EQ(soon(directory), Texts{});
    }
    EXPECT_EQ(next(directory), Texts{"a.yaml a"});
}

TEST_F(DirectoryTest, a_file_written_again_before_it_was_read_waits_too) {
    Directory directory = open();
    write(file("a.yaml"), pod("a"));
    std::ofstream writer(file("a.yaml"));
    writer << "kind: " << std::flush;
    EXPECT_EQ(soon(directory), Texts{});
    writer << "[" << std::flush;
    writer.close();
    EXPECT_EQ(next(directory), Texts{"a.yaml ! a.yaml:1: not valid YAML: did not find expected node content"});
}

TEST_F(DirectoryTest, a_burst_of_a_thousand_files_is_few_batches) {
    Directory directory = open();
    for (int i = 0; i < 1000; ++i)
        write(file("p" + std::to_string(i) + ".yaml"), pod("p" + std::to_string(i)));
    std::size_t batches = 0, files = 0;
    for (Texts texts; files < 1000; files += texts.size(), ++batches) {
        texts = batch(directory, std::chrono::seconds(5));
        ASSERT_FALSE(texts.empty()) << files << " files";
    }
    EXPECT_EQ(files, 1000U);
    EXPECT_LE(batches, 3U);
    for (int i = 0; i < 1000; ++i)
        fs::remove(file("p" + std::to_string(i) + ".yaml"));
    EXPECT_EQ(next(directory, 1000).size(), 1000U);
    EXPECT_EQ(soon(directory), Texts{});
}

TEST_F(DirectoryTest, many_files_come_in_the_order_of_their_names_the_bad_ones_among_them) {
    Texts expected;
    for (int i = 1000; i < 1300; ++i) {
        const std::string name = std::to_string(i) + ".yaml";
        write(file(name), i % 7 == 0 ? "kind: [" : pod("p" + std::to_string(i)));
        expected.push_back(i % 7 == 0 ? name + " ! " + name + ":1: not valid YAML: did not find expected node content"
                                      : name + " p" + std::to_string(i));
    }
    auto directory = Directory::open(path_);
    ASSERT_TRUE(directory);
    fs::remove(file("1001.yaml"));  // listed, and gone when it is read
    expected.erase(expected.begin() + 1);
    Texts texts;
    for (const FileChange& change : directory->read())
        texts.push_back(text_of(change));
    EXPECT_EQ(texts, expected);
    EXPECT_EQ(soon(*directory), Texts{});
}

TEST_F(DirectoryTest, one_of_many_changed_files_that_vanished_waits_for_its_replacement) {
    for (int i = 1000; i < 1100; ++i)
        write(file(std::to_string(i) + ".yaml"), pod("old"));
    Directory directory = open();
    for (int i = 1000; i < 1100; ++i)
        write(file(std::to_string(i) + ".yaml"), pod("new"));
    fs::remove(file("1050.yaml"));
    const Texts texts = next(directory, 100);
    ASSERT_EQ(texts.size(), 100U);
    EXPECT_EQ(std::ranges::count(texts, "1050.yaml removed"), 1);
    EXPECT_EQ(std::ranges::count_if(texts, [](const auto& text) { return text.ends_with(" new"); }), 99);
    EXPECT_EQ(soon(directory), Texts{});
}

TEST_F(DirectoryTest, an_overflowing_queue_loses_nothing) {
    unsigned limit = 0;
    std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> limit;
    ASSERT_GT(limit, 0U);
    if (limit > 100'000) GTEST_SKIP() << "the queue holds " << limit << " events";
    write(file("gone.yaml"), pod("gone"));
    Directory directory = open();
    // Two events in turn are not merged into one.
    for (unsigned i = 0; i <= limit / 2; ++i) {
        fs::rename(file("gone.yaml"), file("other"));
        fs::rename(file("other"), file("gone.yaml"));
    }
    fs::remove(file("gone.yaml"));
    write(file("a.yaml"), pod("a"));
    EXPECT_EQ(next(directory, 2), (Texts{"a.yaml a", "gone.yaml removed"}));
}

TEST_F(DirectoryTest, a_directory_that_goes_keeps_its_objects_until_another_comes) {
    write(file("a.yaml"), pod("a"));
    write(file("b.yaml"), pod("b"));
    Directory directory = open();
    fs::rename(path_, root_ + "/old");
    EXPECT_EQ(next(directory), Texts{path_ + " ! " + path_ + ": is gone; what its files said stays in force"});
    EXPECT_EQ(soon(directory), Texts{});
    fs::create_directory(path_);
    write(file("b.yaml"), pod("c"));
    EXPECT_EQ(next(directory, 3), (Texts{path_ + " removed", "a.yaml removed", "b.yaml c"}));
    write(file("d.yaml"), pod("d"));
    EXPECT_EQ(next(directory), Texts{"d.yaml d"});
}

TEST_F(DirectoryTest, a_directory_removed_with_its_files_is_gone_and_not_emptied) {
    write(file("a.yaml"), pod("a"));
    Directory directory = open();
    fs::remove_all(path_);
    EXPECT_EQ(next(directory), Texts{path_ + " ! " + path_ + ": is gone; what its files said stays in force"});
    EXPECT_EQ(soon(directory), Texts{});
}

TEST_F(DirectoryTest, a_kubernetes_volume_is_switched_as_a_whole) {
    const auto version = [&](const std::string& name, const std::string& a, const std::string& b) {
        fs::create_directory(file(name));
        write(file(name + "/a.yaml"), pod(a));
        write(file(name + "/b.yaml"), pod(b));
        fs::create_directory_symlink(name, file("..data_tmp"));
        fs::rename(file("..data_tmp"), file("..data"));
    };
    version("..1", "a1", "b");
    fs::create_symlink("..data/a.yaml", file("a.yaml"));
    fs::create_symlink("..data/b.yaml", file("b.yaml"));
    auto directory = Directory::open(path_);
    ASSERT_EQ(directory->read().size(), 2U);
    version("..2", "a2", "b");
    fs::remove_all(file("..1"));
    EXPECT_EQ(next(*directory), Texts{"a.yaml a2"});
}

TEST_F(DirectoryTest, a_file_that_cannot_be_read_is_a_problem_until_it_can) {
    Directory directory = open();
    fs::create_symlink("missing", file("a.yaml"));
    EXPECT_EQ(next(directory), Texts{"a.yaml ! a.yaml: cannot be read: No such file or directory"});
    fs::remove(file("a.yaml"));
    EXPECT_EQ(next(directory), Texts{"a.yaml removed"});
    write(root_ + "/target", pod("t"));
    fs::create_symlink("../target", file("a.yaml"));
    EXPECT_EQ(next(directory), Texts{"a.yaml t"});
    fs::create_hard_link(root_ + "/target", file("b.yaml"));
    EXPECT_EQ(next(directory), Texts{"b.yaml t"});
}

TEST_F(DirectoryTest, a_directory_among_the_files_is_a_problem) {
    fs::create_directory(file("x.yaml"));
    auto directory = Directory::open(path_);
    const auto changes = directory->read();
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(text_of(changes[0]), "x.yaml ! x.yaml: cannot be read: not a regular file");
}

}  // namespace
}  // namespace beeline::source::file
