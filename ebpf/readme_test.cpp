// The README's example, word for word: it compiles, and fails as it says when there is no such object.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "ebpf/attach_tcx.h"
#include "ebpf/object.h"

// clang-format off
ebpf::Result<ebpf::Link> count_packets(std::uint32_t ifindex) {
    auto object = EBPF_TRY(ebpf::Object::open("counter.bpf.o"));
    EBPF_CHECK(object.set_rodata(std::uint32_t{1500}, "largest"));
    EBPF_CHECK(object.load());
    const auto limits = EBPF_TRY((object.map<std::uint32_t, std::uint64_t>("limits")));
    EBPF_CHECK(limits.update(0, 1'000'000));
    const auto program = EBPF_TRY(object.program("count"));
    return ebpf::attach_tcx(program, ifindex, ebpf::TcxHook::ingress);  // gone with the Link, unless pinned
}
// clang-format on

namespace ebpf {
namespace {

std::string read_file(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

TEST(ReadmeTest, the_example_is_this_files_function) {
    const std::string readme = read_file("ebpf/README.md");
    const std::size_t begin = readme.find("ebpf::Result<ebpf::Link> count_packets");
    ASSERT_NE(begin, std::string::npos);
    const std::string example = readme.substr(begin, readme.find("```", begin) - begin);
    EXPECT_NE(read_file("ebpf/readme_test.cpp").find(example), std::string::npos);
}

TEST(ReadmeTest, a_missing_object_is_an_error_that_names_it) {
    const auto link = count_packets(1);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().code, Errc::not_found);
    EXPECT_NE(link.error().what.find("counter.bpf.o"), std::string::npos);
}

}  // namespace
}  // namespace ebpf
