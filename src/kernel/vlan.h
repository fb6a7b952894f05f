// VLAN devices and XDP: a device may take the tag off before XDP sees the frame, and keep it beside the packet, where
// tc finds it. To XDP such a frame looks like one of the device's own network.
#pragma once
#include <string>

#include "kernel/network.h"

namespace beeline::kernel {

// The name of a VLAN device on this one; empty: there is none.
std::string vlan_on(const LinkInfo& link, const Network& network);

// True also where the device cannot be asked, and for virtual ones, where the other end decides.
bool hides_tags(const LinkInfo& link);

}  // namespace beeline::kernel
