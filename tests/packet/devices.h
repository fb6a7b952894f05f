// Devices of this run: a network namespace of its own with one veth pair a container and the pair beeline_host and
// beeline_net. Test runs need devices that exist; no packet ever passes them.
#pragma once
#include <string>

#include "tests/packet/world.h"

namespace beeline::packet {

// false, with the reason on stderr: nothing can be tested.
bool enter_namespace();

unsigned host_device();
unsigned net_device();
unsigned uplink_device();
unsigned device_of(const Node& container);  // the host side of its veth

}  // namespace beeline::packet
