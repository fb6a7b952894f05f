// tc programs as direct-action filters of a clsact qdisc, for kernels without TCX. A filter is not an object: it stays
// until it or its device is removed. Devices are those of the calling thread's network namespace.
#pragma once
#include <cstdint>
#include <optional>

#include "ebpf/program.h"

namespace ebpf {

enum class ClsactHook { ingress, egress };
const char* clsact_hook_name(ClsactHook hook);  // "clsact/ingress", "clsact/egress"

// Where a filter sits. Handle and priority are the owner's: the same place again replaces the program.
struct ClsactPlace {
    std::uint32_t ifindex = 0;
    ClsactHook hook = ClsactHook::ingress;
    std::uint32_t handle = 1, priority = 1;
};

// Makes the qdisc if it is missing; a filter at this place is replaced in one step.
Result<void> attach_clsact(const Program& program, const ClsactPlace& place);
// false: there was none. The qdisc stays: others may use it.
Result<bool> detach_clsact(const ClsactPlace& place);
// Id of the program at this place; nullopt: none.
Result<std::optional<std::uint32_t>> query_clsact(const ClsactPlace& place);
// The qdisc with every filter on it, whoever owns them. false: there was none.
Result<bool> remove_clsact_qdisc(std::uint32_t ifindex);

}  // namespace ebpf
