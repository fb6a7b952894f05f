#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/addr.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/time.h"
#include "base/types.h"

namespace beeline {
namespace {

std::string to_string(Port port) {
    return std::to_string(port.value);
}
// The text of a result: its value printed, or "! " and its error.
template <class T>
std::string text_of(const Result<T>& result) {
    return result ? to_string(*result) : "! " + result.error().what;
}

struct Row {
    const char* in;
    const char* out;
};

TEST(Addr, parses_strictly_and_prints_as_rfc_5952) {
    const Row rows[] = {
        {"10.244.1.2", "10.244.1.2"},
        {"0.0.0.0", "0.0.0.0"},
        {"fd00:0:0::1", "fd00::1"},
        {"FD00::A", "fd00::a"},
        {"::", "::"},
        {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"", "! '' is not an IP address"},
        {"10.1", "! '10.1' is not an IP address"},
        {"10.0.0.01", "! '10.0.0.01' is not an IP address"},
        {"fe80::1%eth0", "! 'fe80::1%eth0' is not an IP address"},
        {" 10.0.0.1", "! ' 10.0.0.1' is not an IP address"},
        {"10.0.0.256", "! '10.0.0.256' is not an IP address"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(text_of(parse_addr(row.in)), row.out) << row.in;
    EXPECT_FALSE(parse_addr(std::string_view("10.0.0.1\0x", 10)));
    EXPECT_FALSE(parse_addr(std::string(100, '1')));
}

TEST(Prefix, parses_only_a_cleared_prefix) {
    const Row rows[] = {
        {"10.244.1.0/24", "10.244.1.0/24"},
        {"0.0.0.0/0", "0.0.0.0/0"},
        {"::/0", "::/0"},
        {"10.0.0.1/32", "10.0.0.1/32"},
        {"fd00:1::/64", "fd00:1::/64"},
        {"10.244.1.7/24", "! '10.244.1.7/24' has host bits set; the prefix is 10.244.1.0/24"},
        {"fd00::1/64", "! 'fd00::1/64' has host bits set; the prefix is fd00::/64"},
        {"10.0.0.0", "! '10.0.0.0' is not a prefix: no /length"},
        {"10.0.0.0/33", "! '10.0.0.0/33' is not a prefix: bad length"},
        {"10.0.0.0/08", "! '10.0.0.0/08' is not a prefix: bad length"},
        {"10.0.0.0/", "! '10.0.0.0/' is not a prefix: bad length"},
        {"10.0.0/8", "! '10.0.0/8' is not a prefix: bad address"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(text_of(parse_prefix(row.in)), row.out) << row.in;
}

TEST(Prefix, counts_and_names_its_addresses) {
    const Prefix v4 = *parse_prefix("10.1.2.0/23");
    EXPECT_EQ(v4.size(), 512U);
    EXPECT_EQ(to_string(v4.at(0)), "10.1.2.0");
    EXPECT_EQ(to_string(v4.at(257)), "10.1.3.1");
    EXPECT_TRUE(v4.contains(*parse_addr("10.1.3.255")));
    EXPECT_FALSE(v4.contains(*parse_addr("10.1.4.0")));
    EXPECT_FALSE(v4.contains(*parse_addr("::ffff:10.1.3.1")));
    const Prefix v6 = *parse_prefix("fd00:1::/64");
    EXPECT_EQ(v6.size(), std::uint64_t{1} << 32);
    EXPECT_EQ(to_string(v6.at(0x12345)), "fd00:1::1:2345");
    EXPECT_EQ(parse_prefix("0.0.0.0/0")->size(), std::uint64_t{1} << 32);
    EXPECT_EQ(to_string(parse_prefix("0.0.0.0/0")->at(0xffffffff)), "255.255.255.255");
    EXPECT_EQ(parse_prefix("10.0.0.1/32")->size(), 1U);
    EXPECT_TRUE(parse_prefix("::/0")->contains(*parse_addr("fd00::1")));
}

TEST(Mac, parses_and_prints) {
    const Row rows[] = {
        {"02:00:5e:10:00:01", "02:00:5e:10:00:01"},
        {"02:00:5E:10:00:FF", "02:00:5e:10:00:ff"},
        {"02:00:5e:10:00", "! '02:00:5e:10:00' is not a MAC address"},
        {"02:00:5e:10:00:0g", "! '02:00:5e:10:00:0g' is not a MAC address"},
        {"02-00-5e-10-00-01", "! '02-00-5e-10-00-01' is not a MAC address"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(text_of(parse_mac(row.in)), row.out) << row.in;
}

TEST(Port, is_1_to_65535) {
    const Row rows[] = {
        {"1", "1"},
        {"65535", "65535"},
        {"0", "! '0' is outside 1-65535"},
        {"65536", "! '65536' is outside 1-65535"},
        {"99999999999999", "! '99999999999999' is outside 1-65535"},
        {"8x", "! '8x' is not a port number"},
        {"-1", "! '-1' is not a port number"},
        {"", "! '' is not a port number"},
    };
    for (const Row& row : rows)
        EXPECT_EQ(text_of(parse_port(row.in)), row.out) << row.in;
}

TEST(Proto, has_the_kubernetes_spelling) {
    for (const char* name : {"TCP", "UDP", "SCTP"})
        EXPECT_EQ(text_of(parse_proto(name)), name);
    EXPECT_EQ(text_of(parse_proto("tcp")), "! 'tcp' is not one of TCP, UDP, SCTP");
    EXPECT_EQ(to_string(Proto::icmp6), "ICMPv6");
    EXPECT_EQ(to_string(Proto{47}), "47");
}

TEST(Errc, has_a_name_for_answers) {
    EXPECT_STREQ(errc_name(Errc::not_found), "not_found");
    EXPECT_STREQ(errc_name(Errc::unavailable), "unavailable");
}

// Vectors of the FNV authors: http://www.isthe.com/chongo/tech/comp/fnv/
TEST(Hash, is_fnv_1a) {
    static_assert(fnv1a("") == 0x811c9dc5);
    static_assert(fnv1a("a") == 0xe40c292c);
    static_assert(fnv1a("foobar") == 0xbf9cf968);
    static_assert(fnv1a("bar", fnv1a("foo")) == fnv1a("foobar"));
}

TEST(Time, monotonic_never_goes_back) {
    const auto before = monotonic_ns();
    EXPECT_LE(before, monotonic_ns());
    EXPECT_GT(unix_ms(), 1'700'000'000'000);
    EXPECT_LE(monotonic_ns() / 1'000'000 - monotonic_ms(), 1U);
}

class File : public testing::Test {
protected:
    File() {
        std::string pattern = testing::TempDir() + "beeline-file-XXXXXX";
        folder_ = mkdtemp(pattern.data());
    }
    ~File() override { std::filesystem::remove_all(folder_); }
    std::string path(const char* name) const { return folder_ + "/" + name; }

    std::string folder_;
};

TEST_F(File, what_is_written_is_read_and_nothing_else_is_left) {
    ASSERT_TRUE(write_file(path("a"), "one"));
    ASSERT_TRUE(write_file(path("a"), std::string(100'000, 'x'), 0600));
    EXPECT_EQ(*read_file(path("a")), std::string(100'000, 'x'));
    struct stat status{};
    stat(path("a").c_str(), &status);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    const auto files = std::filesystem::directory_iterator(folder_);
    EXPECT_EQ(std::distance(begin(files), end(files)), 1);
    ASSERT_TRUE(write_file(path("a"), ""));
    EXPECT_EQ(*read_file(path("a")), "");
}

TEST_F(File, errors_say_what_was_tried) {
    const auto missing = read_file(path("none"));
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_EQ(missing.error().what, "read " + path("none") + ": No such file or directory");
    ASSERT_TRUE(write_file(path("big"), "12345"));
    EXPECT_EQ(read_file(path("big"), 4).error().what, "read " + path("big") + ": longer than 4 bytes");
    EXPECT_EQ(*read_file(path("big"), 5), "12345");
    EXPECT_EQ(read_file(folder_).error().what, "read " + folder_ + ": not a regular file");
    const auto nowhere = write_file(path("no/such"), "x");
    EXPECT_EQ(nowhere.error().sys, ENOENT);
    std::filesystem::create_directory(path("taken"));
    EXPECT_FALSE(write_file(path("taken"), "x"));
    const auto files = std::filesystem::directory_iterator(folder_);
    EXPECT_EQ(std::distance(begin(files), end(files)), 2) << "the temporary file is removed";
}

TEST_F(File, without_a_size_is_read_to_its_end) {
    EXPECT_TRUE(read_file("/proc/self/status")->contains("Threads:"));
}

}  // namespace
}  // namespace beeline
