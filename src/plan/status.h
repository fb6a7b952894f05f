// What the kernel accepted: read-only, comes back up.
#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/shared_map.h"
#include "base/types.h"
#include "plan/plan.h"

namespace beeline::plan {

struct ItemStatus {
    Generation in_force;        // generation whose version of the item is in force; 0: none yet
    std::int64_t since_ms = 0;  // Unix time at which it came into force
    std::string error;          // empty: fine; else what was tried and the kernel's answer
    bool operator==(const ItemStatus&) const = default;
};
struct Status {
    Generation wanted;    // last plan handed over
    Generation in_force;  // last plan applied whole
    std::int64_t since_ms = 0;
    SharedMap<EndpointId, ItemStatus> endpoints;
    SharedMap<FrontendKey, ItemStatus> frontends;
    std::set<EndpointId> up;            // endpoints whose programs, rows and links are in force
    std::set<EndpointId> lost;          // endpoints whose namespace or device vanished
    std::vector<std::string> errors;    // of the rest: node devices, routes, cgroup
    std::vector<std::string> warnings;  // what works less well than it could: a full flow table
    std::vector<std::string> devices;   // of the node, that connect it to others: those in use
};

}  // namespace beeline::plan
