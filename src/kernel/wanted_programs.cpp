#include "kernel/wanted_programs.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "abi/hook.h"
#include "kernel/attach.h"
#include "kernel/ebpf_result.h"
#include "kernel/map_io.h"

namespace beeline::kernel {
namespace {

struct Slot {
    std::string_view program;
    std::uint32_t number;
};
#define X(program, slot) Slot{#program, slot},
constexpr Slot slow[] = {BEELINE_SLOW(X)};
constexpr Slot first[] = {BEELINE_FIRST(X)};
#undef X

// The kernel need not know such maps, for nodes that do without.
constexpr std::string_view shortcut_maps[] = {"bl_joined", "bl_joints", "bl_turns"};
constexpr std::string_view shortcut_programs[] = {"bl_join", "bl_message"};

bool wants_xdp(const Options& options) {
    return std::ranges::any_of(options.xdp, [](const XdpChoice& choice) { return choice.mode != Xdp::off; });
}

Result<> fill(const ebpf::Object& object, const char* array, std::span<const Slot> slots) {
    const auto map = TRY(result_of(object.raw_map(array)));
    for (const Slot& slot : slots) {
        const auto program = TRY(result_of(object.program(slot.program)));
        CHECK(result_of(program.put_into(map, slot.number)));
    }
    return {};
}

Result<> clear(const ebpf::Object& object, const char* array, std::span<const Slot> slots) {
    const auto map = TRY(result_of(object.raw_map(array)));
    for (const Slot& slot : slots)
        (void)TRY(result_of(map.remove(bytes_of(slot.number))));
    return {};
}

}  // namespace

bool is_wanted_map(std::string_view map, const Options& options) {
    return std::ranges::find(shortcut_maps, map) == std::end(shortcut_maps) || !options.shortcut.empty();
}

bool is_wanted(std::string_view program, const Options& options) {
    if (std::ranges::find(shortcut_programs, program) != std::end(shortcut_programs)) return !options.shortcut.empty();
    if (program == "bl_xdp" || std::ranges::find(first, program, &Slot::program) != std::end(first))
        return wants_xdp(options);
    const bool of_sockets = std::ranges::find(cgroup_places, program, &CgroupPlace::program) != std::end(cgroup_places);
    return !of_sockets || !options.cgroup.empty();
}

Result<> skip_unwanted(ebpf::Object& object, const Options& options) {
    for (const std::string& name : object.program_names())
        if (!is_wanted(name, options)) CHECK(result_of(object.skip_program(name)));
    for (const std::string& name : object.map_names())
        if (!is_wanted_map(name, options)) CHECK(result_of(object.skip_map(name)));
    return {};
}

Result<> fill_slots(const ebpf::Object& object, const Options& options) {
    CHECK(fill(object, "bl_slow", slow));
    return wants_xdp(options) ? fill(object, "bl_first", first) : clear(object, "bl_first", first);
}

}  // namespace beeline::kernel
