// Which addresses of a node answer on node ports: one answer for the datapath and for the servers beside it.
#pragma once
#include <algorithm>

#include "plan/plan.h"

namespace beeline::plan {

// `chosen` is Node::node_port_addresses.
inline bool has_node_ports(const std::vector<Prefix>& chosen, const Addr& addr) {
    return chosen.empty() || std::ranges::any_of(chosen, [&](const Prefix& prefix) { return prefix.contains(addr); });
}

}  // namespace beeline::plan
