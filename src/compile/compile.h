// Snapshot -> Plan. Pure: no clock, no I/O, no kernel; equal snapshots give equal plans.
// One file a map family: frontends.cpp (with host_ports.cpp), policy.cpp, identities.cpp, endpoints.cpp.
#pragma once
#include "model/snapshot.h"
#include "plan/plan.h"

namespace beeline::compile {

plan::Plan compile(const model::Snapshot& snapshot);

}  // namespace beeline::compile
