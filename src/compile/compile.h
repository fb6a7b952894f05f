// Snapshot -> Plan. Pure: no clock, no I/O, no kernel; equal snapshots give equal plans.
// One file a map family: frontends.cpp (with host_ports.cpp), policy.cpp, identities.cpp, endpoints.cpp.
#pragma once
#include <memory>

#include "model/snapshot.h"
#include "plan/plan.h"

namespace beeline::compile {

// Compiles one snapshot after the other, of each what differs from the one before. The plan is always that which
// compile() gives, and shares with the former plan what is the same in both.
class Compiler {
public:
    Compiler();
    ~Compiler();
    Compiler(const Compiler&) = delete;
    Compiler& operator=(const Compiler&) = delete;

    plan::Plan compile(const model::Snapshot& snapshot);

private:
    struct Memory;
    std::unique_ptr<Memory> memory_;
};

plan::Plan compile(const model::Snapshot& snapshot);

}  // namespace beeline::compile
