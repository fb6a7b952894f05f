// The network devices of containers, as endpoint application sees them: a seam, so that it runs against a fake.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/addr.h"
#include "base/result.h"
#include "base/types.h"
#include "plan/plan.h"

namespace beeline::kernel {

// A container's veth pair, finished inside the container, programs attached. The host end is down when it was made now.
struct ContainerLink {
    Ifindex host;
    Mac host_mac, container_mac;
    std::uint16_t mtu = 0;
    bool up = false;  // of the host end
};
struct Device {
    Ifindex index;
    bool up = false;
};

class Devices {
public:
    virtual ~Devices() = default;
    // Host ends that are there, by name.
    virtual Result<std::map<std::string, Device>> list() = 0;
    // Makes the pair, or adopts and finishes one that is there. nullopt: the namespace is gone. On error nothing is
    // left that was made now.
    virtual Result<std::optional<ContainerLink>> ensure(const plan::Endpoint& endpoint) = 0;
    virtual Result<> set_up(const std::string& host_ifname) = 0;
    // Removes host ends and attachments of all devices of ours that are not named.
    virtual Result<> keep_only(const std::set<std::string>& host_ifnames) = 0;
};

}  // namespace beeline::kernel
