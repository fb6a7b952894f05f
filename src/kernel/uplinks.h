// The node's own devices: those that connect it to other nodes and the world. Pure: values in, values out.
#pragma once
#include <string>
#include <vector>

#include "kernel/network.h"
#include "kernel/options.h"

namespace beeline::kernel {

struct Uplinks {
    std::vector<LinkInfo> devices{};      // up, ordered by index
    std::vector<std::string> problems{};  // of devices that were asked for by name
    bool operator==(const Uplinks&) const = default;
};

// `wanted`: names and shell patterns; "!pattern" leaves devices out. Without one that is not left out, the devices are
// found: up, with a global address, no part of a bridge or bond, and either of a kind that leads out of the machine or
// with a gateway behind them (the veth of a node that is a namespace itself). Loopback and Beeline's own devices are
// never chosen.
Uplinks choose_uplinks(const std::vector<std::string>& wanted, const Network& network);

// What is asked for on this device.
Xdp xdp_of(const std::vector<XdpChoice>& choices, const std::string& device);

}  // namespace beeline::kernel
