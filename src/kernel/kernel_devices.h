// Devices of a real node: netlink, and the programs on each host end.
#pragma once
#include "kernel/attach.h"
#include "kernel/devices.h"
#include "kernel/netlink.h"

namespace beeline::kernel {

class KernelDevices : public Devices {
public:
    KernelDevices(Netlink& netlink, const Attacher& attacher, const plan::Node& node)
        : netlink_(netlink), attacher_(attacher), node_(node) {}
    Result<std::map<std::string, Device>> list() override;
    Result<std::optional<ContainerLink>> ensure(const plan::Endpoint& endpoint) override;
    Result<> set_up(const std::string& host_ifname) override;
    Result<> keep_only(const std::set<std::string>& host_ifnames) override;
    // Devices of the node whose attachments keep_only() leaves alone.
    void set_uplinks(std::set<std::string> names) { uplinks_ = std::move(names); }

private:
    Netlink& netlink_;
    const Attacher& attacher_;
    const plan::Node& node_;
    std::set<std::string> uplinks_{};
};

// Host ends of containers: veth devices of our group except the host pair.
Result<std::vector<LinkInfo>> container_links(Netlink& netlink);

}  // namespace beeline::kernel
