// The agent at work: one event loop that owns all state.
#pragma once
#include "apps/agent/options.h"
#include "kernel/options.h"

namespace beeline::agent {

kernel::Options kernel_options(const Config& config);

// Starts, serves, and returns when a signal says so; the datapath stays in place. Errors: what kept it from
// starting; conflict when another agent uses the run directory.
Result<> run_agent(const Options& options, const Config& config);

}  // namespace beeline::agent
