#include "kernel/kernel_devices.h"

#include "kernel/container.h"
#include "kernel/host_pair.h"

namespace beeline::kernel {

Result<std::vector<LinkInfo>> container_links(Netlink& netlink) {
    auto links = TRY(netlink.links());
    std::erase_if(links, [](const LinkInfo& link) {
        return link.kind != "veth" || link.group != our_group || link.name == host_device || link.name == net_device;
    });
    return links;
}

Result<std::map<std::string, Device>> KernelDevices::list() {
    std::map<std::string, Device> devices;
    for (const LinkInfo& link : TRY(container_links(netlink_)))
        devices.emplace(link.name, Device{link.index, link.up});
    return devices;
}

Result<std::optional<ContainerLink>> KernelDevices::ensure(const plan::Endpoint& endpoint) {
    auto link = TRY(ensure_container(netlink_, endpoint, node_));
    if (link) CHECK(attacher_.attach_container(endpoint.host_ifname, link->host));
    return link;
}

Result<> KernelDevices::set_up(const std::string& host_ifname) {
    auto link = TRY(netlink_.link(host_ifname));
    if (!link) return fail(Errc::not_found, host_ifname + " is gone");
    return netlink_.set_up(*link);
}

Result<> KernelDevices::keep_only(const std::set<std::string>& host_ifnames) {
    for (const LinkInfo& link : TRY(container_links(netlink_)))
        if (!host_ifnames.contains(link.name)) CHECK(netlink_.remove_link(link));
    auto devices = host_ifnames;
    devices.insert({host_device, net_device});
    devices.insert(uplinks_.begin(), uplinks_.end());
    return attacher_.forget_others(devices);
}

}  // namespace beeline::kernel
