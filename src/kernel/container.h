// The network of one container: a veth pair with the peer inside its namespace, addresses, routes through the router.
#pragma once
#include <optional>

#include "kernel/devices.h"
#include "kernel/netlink.h"
#include "plan/plan.h"

namespace beeline::kernel {

// Makes the pair with the host end down, or adopts and finishes one that is there. nullopt: the namespace is gone.
// Errors: exists if one of the names is taken by something else; on error nothing is left that was made now.
Result<std::optional<ContainerLink>> ensure_container(Netlink& netlink, const plan::Endpoint& endpoint,
                                                      const plan::Node& node);

}  // namespace beeline::kernel
