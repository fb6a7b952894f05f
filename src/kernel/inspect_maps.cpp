// Kernel::maps() and Kernel::counters().
#include "abi/drop_reason.h"
#include "abi/hook.h"
#include "kernel/ebpf_result.h"
#include "kernel/running.h"

namespace beeline::kernel {
namespace {

bool has_keys(std::uint32_t type) {
    return type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH || type == BPF_MAP_TYPE_LPM_TRIE;
}

// Flow tables are large: as the collector's last sweep found them.
std::optional<std::uint32_t> swept(const FlowTable& table, std::string_view name) {
    for (const auto& [family, young, entries, capacity] : table.fill())
        if (name == std::string(young ? "bl_young" : "bl_flows") + (family == Family::v4 ? "4" : "6"))
            return static_cast<std::uint32_t>(entries);
    return std::nullopt;
}

// Rows in use; arrays have all of theirs from the start, queues and rings do not say.
Result<std::uint32_t> entries_in(EbpfMapIo& map) {
    const auto& info = map.raw().info();
    if (!has_keys(info.type)) {
        const bool array = info.type == BPF_MAP_TYPE_ARRAY || info.type == BPF_MAP_TYPE_PERCPU_ARRAY;
        return array ? info.max_entries : 0;
    }
    std::uint32_t entries = 0;
    CHECK(map.each([&entries](Bytes, Bytes) { entries++; }));
    return entries;
}

constexpr abi::Reason reasons[] = {
#define X(name, code, text) abi::Reason::name,
    BEELINE_REASONS(X)
#undef X
};
constexpr abi::Hook hooks_of_abi[] = {
#define X(name, code, direction) abi::Hook::name,
    BEELINE_HOOKS(X)
#undef X
};

}  // namespace

Result<std::vector<plan::MapEntry>> Kernel::maps() {
    std::vector<plan::MapEntry> entries;
    for (const auto& [name, map] : running_->datapath->maps()) {
        const auto& info = map->raw().info();
        plan::MapEntry entry;
        entry.name = name;
        entry.kind = ebpf::map_type_name(info.type);
        entry.id = info.id;
        entry.max_entries = info.max_entries;
        const auto known = swept(*running_->flow_table, name);
        entry.entries = known ? *known : TRY(entries_in(*map));
        entry.memlock = TRY(result_of(map->raw().memlock()));
        entries.push_back(std::move(entry));
    }
    return entries;
}

Result<std::vector<plan::CounterEntry>> Kernel::counters() {
    const EbpfMapIo* map = running_->datapath->find_map("bl_counters");
    if (map == nullptr) return fail(Errc::not_found, "the object has no map bl_counters");
    auto raw = TRY(result_of(map->raw().duplicate()));
    auto cells = TRY(result_of(ebpf::PerCpuMap<std::uint32_t, abi::Counter>::from_raw(std::move(raw))));
    std::vector<plan::CounterEntry> counters;
    for (const abi::Reason reason : reasons)
        for (const abi::Hook hook : hooks_of_abi) {
            plan::CounterEntry entry{abi::reason_name(reason), abi::hook_name(hook), abi::hook_direction(hook),
                                     abi::is_drop(reason)};
            auto cell = TRY(result_of(cells.lookup(abi::counter_index(reason, hook))));
            for (const abi::Counter& cpu : cell.value_or(std::vector<abi::Counter>{})) {
                entry.packets += cpu.packets;
                entry.bytes += cpu.bytes;
            }
            if (entry.packets != 0) counters.push_back(std::move(entry));
        }
    return counters;
}

}  // namespace beeline::kernel
