// beeline_host and beeline_net: the veth pair between the node's stack and its containers. beeline_host carries the
// router addresses; the routes to containers and services point to it.
#pragma once
#include "kernel/netlink.h"
#include "plan/plan.h"

namespace beeline::kernel {

inline constexpr const char* host_device = "beeline_host";
inline constexpr const char* net_device = "beeline_net";

// The host pair's, or of the form of containers' host ends: "bl7".
bool is_our_name(const std::string& device);

struct HostPair {
    LinkInfo host, net;
};

// Makes the pair, or adopts and finishes what is there: both up, addresses, routes; addresses and routes of an older
// configuration are removed. Errors: exists if a device of that name is not ours.
Result<HostPair> ensure_host_pair(Netlink& netlink, const plan::Node& node);
Result<> remove_host_pair(Netlink& netlink);

}  // namespace beeline::kernel
