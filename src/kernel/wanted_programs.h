// Which of the object's programs and maps this node needs: what the verifier need not go through is not loaded.
#pragma once
#include <string_view>

#include "ebpf/object.h"
#include "kernel/options.h"
#include "kernel/pins.h"

namespace beeline::kernel {

bool is_wanted(std::string_view program, const Options& options);
bool is_wanted_map(std::string_view map, const Options& options);

// Before the load.
Result<> skip_unwanted(ebpf::Object& object, const Options& options);

// After it: the programs that those of the hooks jump into take their slots, in place of the ones that run. Before
// anything is attached: a hook never jumps into nothing, and after an upgrade old hooks meet new targets.
Result<> fill_slots(const ebpf::Object& object, const Options& options);

}  // namespace beeline::kernel
