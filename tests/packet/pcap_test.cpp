// Real traffic: frames that programs have put on a container's wire (captures/*.pcap, made by captures/record.py), each
// through the hook its file is named after. What came of them stands in captures/*.expect; BLESS=1 writes it anew.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/packet/capture.h"
#include "tests/packet/lab.h"
#include "tests/packet/show.h"

namespace beeline::packet {
namespace {

bool is_family(const Frame& f, Family family) {
    const bool v6 = f[12] == 0x86 && f[13] == 0xdd;
    return v6 == (family == Family::v6);
}

// One line: what came in, what was counted, and what is wrong with what left.
std::string account(const Frame& frame, const Outcome& got) {
    std::string text = fmt::format("{:02x}{:02x} {} bytes:", frame[12], frame[13], frame.size());
    for (const auto& [reason, packets] : got.counted)
        text += fmt::format(" {}", abi::reason_name(reason));
    const bool ip = (frame[12] == 0x08 && frame[13] == 0) || frame[12] == 0x86;
    const std::string wrong = ip && got.verdict != verdict_drop ? flaw(got.frame) : "";
    return wrong.empty() ? text : text + ", " + wrong;
}

std::vector<std::string> lines_of(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

void run_capture(const std::filesystem::path& file) {
    std::vector<std::string> story;
    const auto frames = read_capture(file);
    for (const Family family : {Family::v4, Family::v6}) {
        Variant variant;
        variant.family = family;
        Lab lab(variant);
        for (const Frame& frame : frames)
            if (is_family(frame, family))
                story.push_back(
                    account(frame, lab.datapath().run({abi::Hook::from_container, device_of(client)}, frame)));
    }
    auto expected = file;
    expected.replace_extension(".expect");
    if (std::getenv("BLESS")) {
        std::ofstream out(expected);
        for (const auto& line : story)
            out << line << "\n";
    }
    EXPECT_EQ(story, lines_of(expected)) << file;
}

TEST(Captures, real_traffic_fares_as_expected) {
    if (!std::filesystem::exists(CAPTURES)) GTEST_SKIP() << "no captures here: another machine than the build's";
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(CAPTURES)) {
        if (entry.path().extension() != ".pcap") continue;
        ASSERT_TRUE(entry.path().filename().string().starts_with("from_container-")) << entry.path();
        run_capture(entry.path());
        files++;
    }
    EXPECT_GE(files, 3U);
}

}  // namespace
}  // namespace beeline::packet
