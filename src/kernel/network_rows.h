// The network of the node as the datapath needs it: next hops, the node's own addresses. Pure.
#pragma once
#include <map>
#include <set>

#include "abi/flow.h"
#include "kernel/network.h"
#include "kernel/table.h"

namespace beeline::kernel {

struct NetworkRows {
    std::map<abi::NexthopKey, abi::Hop, ByteLess> hops{};
    std::set<Addr> addresses{};   // of this node, on all its devices
    std::uint32_t decisions = 0;  // see Network
};

// For every uplink and each family it can send: the next hop "on link", the one "ask the kernel", and one for each
// gateway of a route.
NetworkRows network_rows(const Network& network, const std::vector<LinkInfo>& uplinks);

}  // namespace beeline::kernel
