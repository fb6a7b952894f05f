#include "ebpf/map.h"

namespace ebpf {

Result<void> check_sizes(const MapInfo& info, std::size_t key_size, std::size_t value_size) {
    if (info.key_size == key_size && info.value_size == value_size) return {};
    auto pair = [](std::size_t key, std::size_t value) { return std::to_string(key) + "+" + std::to_string(value); };
    return fail(Errc::invalid, "map '" + info.name + "' has rows of " + pair(info.key_size, info.value_size) +
                                   " bytes (key+value), the types have " + pair(key_size, value_size));
}

Result<void> check_per_cpu(const MapInfo& info, bool wanted) {
    if (info.per_cpu() == wanted) return {};
    return fail(Errc::invalid, "map '" + info.name + "' is of kind " + map_type_name(info.type) +
                                   (wanted ? ", not per CPU" : ": it has a value for each CPU, use PerCpuMap"));
}

Result<void> check_cpus(const MapInfo& info, std::size_t given) {
    const std::size_t cpus = EBPF_TRY(possible_cpus());
    if (cpus == given) return {};
    return fail(Errc::invalid, "map '" + info.name + "': " + std::to_string(given) + " values for " +
                                   std::to_string(cpus) + " possible CPUs");
}

}  // namespace ebpf
