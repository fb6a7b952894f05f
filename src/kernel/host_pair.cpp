#include "kernel/host_pair.h"

#include <algorithm>
#include <set>

#include "kernel/netns.h"

namespace beeline::kernel {
namespace {

// The pair if it is whole. What is left of a broken one is removed.
Result<std::optional<HostPair>> find_pair(Netlink& netlink) {
    auto host = TRY(netlink.link(host_device));
    auto net = TRY(netlink.link(net_device));
    if (host && net && host->kind == "veth" && host->peer == net->index) return HostPair{*host, *net};
    for (const auto& device : {host, net}) {
        if (!device) continue;
        if (device->kind != "veth" || device->group != our_group)
            return fail(Errc::exists, device->name + " exists, but Beeline did not make it");
        CHECK(netlink.remove_link(*device));
    }
    return std::nullopt;
}

// Settings of our own two devices; nothing of the node's others is touched.
Result<> set_sysctls(const char* device, bool ipv6) {
    const std::string v4 = std::string("net/ipv4/conf/") + device, v6 = std::string("net/ipv6/conf/") + device;
    CHECK(set_sysctl(v4 + "/rp_filter", "0"));
    CHECK(set_sysctl(v4 + "/send_redirects", "0"));
    // bpf_fib_lookup() asks as if the packet had come in by beeline_host.
    CHECK(set_sysctl(v4 + "/forwarding", "1"));
    if (!ipv6 && !read_sysctl(v6 + "/addr_gen_mode")) return {};  // a kernel without IPv6
    CHECK(set_sysctl(v6 + "/addr_gen_mode", "1"));                // 1: no link-local address of its own
    if (!ipv6) return {};
    CHECK(set_sysctl(v6 + "/disable_ipv6", "0"));
    CHECK(set_sysctl(v6 + "/forwarding", "1"));
    CHECK(set_sysctl(v6 + "/accept_ra", "0"));
    return set_sysctl(v6 + "/accept_dad", "0");
}

std::optional<Addr> router_of(const plan::Node& node, Family family) {
    for (const Addr& router : node.routers)
        if (router.family == family) return router;
    return std::nullopt;
}

Result<> set_addresses(Netlink& netlink, const LinkInfo& host, const plan::Node& node) {
    for (const Addr& addr : TRY(netlink.addresses(host.index)))
        if (std::ranges::find(node.routers, addr) == node.routers.end()) CHECK(netlink.remove_address(host, addr));
    for (const Addr& router : node.routers)
        CHECK(netlink.add_address(host, router));
    return {};
}

Result<> set_routes(Netlink& netlink, const LinkInfo& host, const plan::Node& node) {
    std::set<Prefix> wanted;
    for (const auto* cidrs : {&node.pod_cidrs, &node.service_cidrs})
        for (const Prefix& cidr : *cidrs)
            if (router_of(node, cidr.addr.family)) wanted.insert(cidr);
    for (const Family family : {Family::v4, Family::v6})
        for (const Route& route : TRY(netlink.routes(family)))
            if (route.device == host.index && !wanted.contains(route.to)) CHECK(netlink.remove_route(route));
    for (const Prefix& cidr : wanted)
        CHECK(netlink.set_route({.to = cidr, .device = host.index, .source = router_of(node, cidr.addr.family)}));
    return {};
}

}  // namespace

bool is_our_name(const std::string& device) {
    return device == host_device || device == net_device ||
           (device.starts_with("bl") && device.size() > 2 &&
            device.find_first_not_of("0123456789", 2) == std::string::npos);
}

Result<HostPair> ensure_host_pair(Netlink& netlink, const plan::Node& node) {
    auto pair = TRY(find_pair(netlink));
    if (!pair) {
        CHECK(netlink.make_veth({host_device, net_device, node.mtu}));
        pair = TRY(find_pair(netlink));
        if (!pair) return fail(Errc::kernel, "beeline_host vanished while it was made");
    }
    const bool ipv6 = router_of(node, Family::v6).has_value();
    CHECK(set_sysctls(host_device, ipv6));
    CHECK(set_sysctls(net_device, ipv6));
    CHECK(netlink.set_mtu(pair->host, node.mtu));
    CHECK(netlink.set_mtu(pair->net, node.mtu));
    CHECK(netlink.set_our_group(pair->net));
    CHECK(netlink.set_arp_off(pair->host));
    CHECK(netlink.set_up(pair->net));
    CHECK(netlink.set_up(pair->host));
    CHECK(set_addresses(netlink, pair->host, node));
    CHECK(set_routes(netlink, pair->host, node));
    return TRY(find_pair(netlink)).value_or(*pair);
}

Result<> remove_host_pair(Netlink& netlink) {
    if (auto host = TRY(netlink.link(host_device)); host && host->group == our_group)
        return netlink.remove_link(*host);  // its peer and its routes go with it
    return {};
}

}  // namespace beeline::kernel
