#include "ebpf/verifier_log.h"

#include <gtest/gtest.h>

namespace ebpf {
namespace {

constexpr const char* refused =
    "libbpf: prog 'bl_from_container': BPF program load failed: Permission denied\n"
    "libbpf: prog 'bl_from_container': -- BEGIN PROG LOAD LOG --\n"
    "0: R1=ctx(off=0,imm=0) R10=fp0\n"
    "; return data[40];\n"
    "1: (71) r0 = *(u8 *)(r1 +40)\n"
    "invalid access to packet, off=40 size=1, R1(id=0,off=40,r=0)\n"
    "R1 offset is outside of the packet\n"
    "processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n"
    "-- END PROG LOAD LOG --\n"
    "libbpf: prog 'bl_from_container': failed to load: -13\n"
    "libbpf: failed to load object 'beeline'\n";

TEST(VerifierLogTest, the_refused_program_and_its_log_are_found_among_libbpfs_words) {
    const auto found = find_refusal(refused);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->program, "bl_from_container");
    EXPECT_TRUE(found->log.starts_with("0: R1=ctx"));
    EXPECT_TRUE(found->log.ends_with("mark_read 0\n"));
}

TEST(VerifierLogTest, a_failure_without_a_log_still_names_the_program) {
    const auto found = find_refusal("libbpf: prog 'x': BPF program load failed: Operation not permitted\n");
    ASSERT_TRUE(found);
    EXPECT_EQ(found->program, "x");
    EXPECT_EQ(found->log, "");
}

TEST(VerifierLogTest, other_failures_are_no_refusals) {
    EXPECT_FALSE(find_refusal("libbpf: map 'm': failed to create: Invalid argument(-22)\n"));
    EXPECT_FALSE(find_refusal("': BPF program load failed"));
    EXPECT_FALSE(find_refusal(""));
}

struct Row {
    const char* sentence;
    const char* log;
    std::size_t count;
    const char* lines;
};

TEST(VerifierLogTest, the_failing_lines_stand_before_the_statistics) {
    const Row rows[] = {
        {"statistics are left out", "a\nb\nprocessed 2 insns (limit 1)\n", 8, "a\nb"},
        {"what follows the statistics is left out", "a\nprocessed 2 insns (limit 1)\nstack depth 8\n", 8, "a"},
        {"the last ones count", "a\nb\nc\nprocessed 3 insns\n", 2, "b\nc"},
        {"a log without statistics ends with its last lines", "a\nb\nc\n", 1, "c"},
        {"empty lines at the end do not count", "a\nb\n\n\nprocessed 3 insns\n", 1, "b"},
        {"a line that only mentions processing is kept", "processed nothing\n", 8, "processed nothing"},
        {"an empty log gives nothing", "", 8, ""},
    };
    for (const Row& row : rows)
        EXPECT_EQ(failing_lines(row.log, row.count), row.lines) << row.sentence;
}

}  // namespace
}  // namespace ebpf
