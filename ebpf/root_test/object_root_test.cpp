#include "ebpf/object.h"

#include <gmock/gmock.h>

#include <array>

#include "ebpf/pin.h"
#include "ebpf/root_test/sample.h"
#include "ebpf/root_test/sandbox.h"

namespace ebpf::test {
namespace {
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

const std::array<std::byte, 64> packet{};

std::uint32_t run(const Program& program, std::uint32_t mark = 0) {
    __sk_buff context{};
    context.mark = mark;
    return must(program.test_run({.data_in = packet, .ctx_in = bytes_of(context)})).retval;
}

TEST(ObjectTest, a_program_sees_the_constants_set_before_load) {
    Object object = open_sample();
    must(object.set_rodata(std::uint32_t{40}, "sample_mark"));
    must(object.set_rodata(sample::Limits{0, 2, 0}, "sample_limits"));
    must(object.load());
    EXPECT_EQ(run(must(object.program("sample_constants"))), 42U);
    EXPECT_EQ(object.warnings(), "");
}

TEST(ObjectTest, a_constant_that_does_not_fit_is_refused_with_both_sizes) {
    Object object = open_sample();
    const auto size = object.set_rodata(std::uint64_t{1}, "sample_mark");
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().what, "variable 'sample_mark' in .rodata has 4 bytes, not 8");
    EXPECT_EQ(object.set_rodata(1U, "sample_murk").error().code, Errc::not_found);
    // Writable globals are no constants: the verifier could not count on them.
    EXPECT_EQ(object.set_rodata(1ULL, "sample_seen").error().code, Errc::not_found);
    EXPECT_EQ(object.set_constant(".rodata", packet).error().code, Errc::invalid);
    EXPECT_EQ(object.set_constant(".nothing", packet).error().code, Errc::not_found);
}

TEST(ObjectTest, a_whole_section_is_set_at_once) {
    Object object = open_sample();
    std::array<std::uint32_t, sample::slots> slots{};
    slots[3] = 9;
    must(object.set_constant(".data.slots", std::as_bytes(std::span(slots))));
    must(object.load());
    EXPECT_EQ(run(must(object.program("sample_constants")), 5), 1 + 9 + 5U);
}

TEST(ObjectTest, after_load_nothing_can_be_set) {
    Object object = load_sample();
    EXPECT_EQ(object.set_rodata(1U, "sample_mark").error().code, Errc::invalid);
    EXPECT_EQ(object.set_max_entries("sample_rows", 1).error().code, Errc::invalid);
    EXPECT_EQ(object.skip_program("count_first").error().code, Errc::invalid);
    EXPECT_EQ(object.load().error().code, Errc::invalid);
}

TEST(ObjectTest, max_entries_set_before_load_hold) {
    Object object = open_sample();
    must(object.set_max_entries("sample_rows", 16));
    EXPECT_EQ(object.set_max_entries("sample_rose", 16).error().code, Errc::not_found);
    must(object.load());
    EXPECT_EQ(must(object.raw_map("sample_rows")).info().max_entries, 16U);
}

TEST(ObjectTest, names_are_listed_as_the_source_has_them) {
    const Object object = open_sample();
    EXPECT_THAT(object.program_names(), Contains("sample_lookup_with_a_long_name"));
    EXPECT_THAT(object.map_names(), testing::IsSupersetOf({"sample_rows", ".rodata", ".data.slots", ".bss"}));
}

TEST(ObjectTest, an_unknown_name_is_not_found_and_an_unloaded_object_has_no_handles) {
    const Object object = open_sample();
    EXPECT_EQ(object.program("count_first").error().what, "program 'count_first' is not loaded");
    EXPECT_EQ(object.raw_map("sample_rows").error().code, Errc::not_found);
    EXPECT_EQ(load_sample().program("count_third").error().code, Errc::not_found);
}

TEST(ObjectTest, what_was_taken_out_outlives_the_object) {
    auto object = std::make_unique<Object>(load_sample());
    const Program program = must(object->program("sample_lookup_with_a_long_name"));
    const auto rows = must(object->map<std::uint32_t, std::uint64_t>("sample_rows"));
    object.reset();
    must(rows.update(7, 10));
    EXPECT_EQ(run(program, 7), 11U);
    EXPECT_EQ(must(rows.lookup(7)), 11U);
}

TEST(ObjectTest, a_map_with_other_types_is_refused) {
    const Object object = load_sample();
    const auto wrong = object.map<std::uint32_t, std::uint32_t>("sample_rows");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().what, "map 'sample_rows' has rows of 4+8 bytes (key+value), the types have 4+4");
    EXPECT_FALSE((object.map<std::uint32_t, std::uint32_t>("sample_counts")));
    EXPECT_FALSE((object.per_cpu_map<std::uint32_t, std::uint64_t>("sample_rows")));
}

TEST(ObjectTest, a_second_object_adopts_pinned_maps_and_data_sections) {
    const std::string rows_pin = bpffs() + "/rows", slots_pin = bpffs() + "/slots";
    {
        const Object first = load_sample();
        must(must(first.raw_map("sample_rows")).pin(rows_pin));
        must(must(first.raw_map(".data.slots")).pin(slots_pin));
        must(must(first.map<std::uint32_t, std::uint64_t>("sample_rows")).update(1, 100));
        must(map_array<std::uint32_t>(must(first.raw_map(".data.slots"))))[3] = 20;
    }
    Object second = open_sample();
    must(second.set_max_entries("sample_rows", 2 * sample::rows));
    must(second.reuse_map("sample_rows", must(RawMap::from_pin(rows_pin)).fd()));
    must(second.reuse_map(".data.slots", must(RawMap::from_pin(slots_pin)).fd()));
    must(second.load());
    EXPECT_EQ(run(must(second.program("sample_lookup_with_a_long_name")), 1), 101U);
    EXPECT_EQ(run(must(second.program("sample_constants"))), 21U);
    EXPECT_EQ(must(second.raw_map("sample_rows")).info().max_entries, sample::rows);
    EXPECT_EQ(must(second.raw_map("sample_rows")).info().id, must(RawMap::from_pin(rows_pin)).info().id);
    EXPECT_TRUE(must(remove_pin(rows_pin)) && must(remove_pin(slots_pin)));
}

TEST(ObjectTest, a_map_of_another_layout_cannot_be_adopted) {
    const auto other = must(Map<std::uint32_t, std::uint32_t>::create({.name = "other", .max_entries = sample::rows}));
    Object object = open_sample();
    const auto reused = object.reuse_map("sample_rows", other.fd());
    ASSERT_FALSE(reused);
    EXPECT_EQ(reused.error().what, "map 'sample_rows' cannot be reused: it has value size 4, the object wants 8");
    EXPECT_FALSE(object.reuse_map("sample_wide", other.fd()));
}

TEST(ObjectTest, a_refused_program_is_named_with_the_lines_that_matter) {
    Object object = must(Object::open(refused_elf(), {.name = "refused", .btf_path = {}}));
    Stderr noise;
    const auto loaded = object.load();
    EXPECT_EQ(noise.take(), "");
    ASSERT_FALSE(loaded);
    const Error& error = loaded.error();
    EXPECT_EQ(error.code, Errc::verifier);
    EXPECT_EQ(error.sys, EACCES);
    EXPECT_THAT(error.what, HasSubstr("program 'reads_beyond_the_packet' refused by the verifier"));
    EXPECT_THAT(error.what, HasSubstr("invalid access to packet"));
    EXPECT_THAT(error.what, Not(HasSubstr("processed ")));
    EXPECT_THAT(error.log, HasSubstr("processed "));
    EXPECT_GT(error.log.size(), error.what.size() / 2);
}

TEST(ObjectTest, a_skipped_program_is_not_shown_to_the_verifier) {
    Object object = must(Object::open(refused_elf(), {.name = "refused", .btf_path = {}}));
    must(object.skip_program("reads_beyond_the_packet"));
    must(object.load());
    EXPECT_FALSE(object.program("reads_beyond_the_packet"));
    EXPECT_EQ(run(must(object.program("harmless"))), 7U);
}

TEST(ObjectTest, a_skipped_map_is_not_made) {
    Object object = must(Object::open(sample_elf(), {.name = "sample", .btf_path = {}}));
    must(object.skip_program("sample_wide_sum"));  // which uses it
    must(object.skip_map("sample_wide"));
    EXPECT_EQ(object.skip_map("nobody").error().code, Errc::not_found);
    EXPECT_THAT(object.map_names(), Not(Contains("sample_wide")));
    must(object.load());
    EXPECT_THAT(object.map_names(), Contains("sample_rows"));
    EXPECT_FALSE(object.raw_map("sample_wide"));
}

TEST(ObjectTest, bytes_that_are_no_object_are_an_error_without_noise) {
    Stderr noise;
    EXPECT_FALSE(Object::open(packet, {.name = "zeros", .btf_path = {}}));
    const auto missing = Object::open("/nonexistent.bpf.o");
    EXPECT_EQ(missing.error().code, Errc::not_found);
    EXPECT_EQ(noise.take(), "");
}

TEST(ProgramTest, info_has_the_whole_name_and_what_bpftool_shows) {
    const Object object = load_sample();
    const ProgramInfo info = must(must(object.program("sample_lookup_with_a_long_name")).info());
    EXPECT_EQ(info.name, "sample_lookup_with_a_long_name");
    EXPECT_EQ(info.type, static_cast<std::uint32_t>(BPF_PROG_TYPE_SCHED_CLS));
    EXPECT_THAT(info.tag, testing::MatchesRegex("[0-9a-f]{16}"));
    EXPECT_GT(info.btf_id, 0U);
    EXPECT_GT(info.verified_insns, 4U);
    EXPECT_GT(info.xlated_len, 0U);
    EXPECT_THAT(info.map_ids, Contains(must(object.raw_map("sample_rows")).info().id));
    EXPECT_EQ(must(must(Program::from_id(info.id)).info()).tag, info.tag);
}

TEST(ProgramTest, a_test_run_gives_packet_and_context_as_they_leave) {
    const Object object = load_sample();
    __sk_buff context{};
    const TestResult out = must(must(object.program("sample_write"))
                                    .test_run({.data_in = packet, .ctx_in = bytes_of(context), .repeat = 1000}));
    ASSERT_EQ(out.data_out.size(), packet.size());
    EXPECT_EQ(out.data_out[0], std::byte{0xee});
    ASSERT_EQ(out.ctx_out.size(), sizeof(__sk_buff));
    __sk_buff left{};
    std::memcpy(&left, out.ctx_out.data(), sizeof(left));
    EXPECT_EQ(left.mark, 77U);
    EXPECT_LT(out.duration_ns, 1000000U);
}

TEST(ProgramTest, a_packet_larger_than_the_room_for_it_is_an_error_with_both_sizes) {
    const Object object = load_sample();
    const auto run = must(object.program("sample_write")).test_run({.data_in = packet, .data_size_out = 16});
    ASSERT_FALSE(run);
    EXPECT_EQ(run.error().code, Errc::exhausted);
    EXPECT_EQ(run.error().what, "test run: the packet left with 64 bytes, data_size_out was 16");
}

TEST(ProgramTest, a_slot_of_a_program_array_is_jumped_to) {
    Object object = load_sample();
    const Program jump = must(object.program("sample_jump")), first = must(object.program("count_first"));
    const RawMap targets = must(object.raw_map("sample_targets"));
    EXPECT_EQ(run(jump), static_cast<std::uint32_t>(-7));
    must(first.put_into(targets, 1));
    EXPECT_EQ(run(jump), static_cast<std::uint32_t>(-1));
    must(must(object.program("sample_write")).put_into(targets, 1));
    EXPECT_EQ(run(jump), 0U);
    EXPECT_FALSE(first.put_into(targets, 2));
    EXPECT_FALSE(must(object.program("pass_xdp")).put_into(targets, 0));
}

TEST(ProgramTest, a_handle_of_another_kind_is_refused) {
    const Object object = load_sample();
    const auto program = Program::from_fd(must(Fd::duplicate(must(object.map_fd("sample_rows")))));
    EXPECT_THAT(program.error().what, testing::EndsWith("is a BPF map, not a BPF program"));
}

TEST(PinTest, pins_are_listed_by_kind_replaced_in_one_step_and_removed) {
    const Object object = load_sample();
    const Program program = must(object.program("count_first")), other = must(object.program("count_second"));
    const std::string path = bpffs() + "/pins/of/a/program";
    EXPECT_FALSE(must(ensure_bpffs(bpffs() + "/pins/of/a")));
    must(program.pin(path));
    EXPECT_EQ(program.pin(path).error().code, Errc::exists);
    must(replace_pin(other.fd(), path));
    EXPECT_EQ(must(must(Program::from_pin(path)).info()).name, "count_second");
    must(must(object.raw_map("sample_queue")).pin(bpffs() + "/pins/of/a/map"));
    must(make_pin_directory(bpffs() + "/pins/of/a/directory"));
    std::string listed;
    for (const Pin& pin : must(list_pins(bpffs() + "/pins/of/a")))
        listed += pin.name + ":" + pin_kind_name(pin.kind) + " ";
    EXPECT_EQ(listed, "directory:directory map:map program:program ");
    EXPECT_FALSE(Program::from_pin(bpffs() + "/pins/of/a/map"));
    EXPECT_TRUE(must(remove_pin(path)));
    EXPECT_FALSE(must(remove_pin(path)));
    EXPECT_FALSE(pin_exists(path));
    EXPECT_EQ(Program::from_pin(path).error().code, Errc::not_found);
}

}  // namespace
}  // namespace ebpf::test
