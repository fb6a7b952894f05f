#include "kernel/container.h"

#include "kernel/netns.h"

namespace beeline::kernel {
namespace {

Result<> set_host_sysctls(const plan::Endpoint& endpoint) {
    const std::string v4 = "net/ipv4/conf/" + endpoint.host_ifname, v6 = "net/ipv6/conf/" + endpoint.host_ifname;
    CHECK(set_sysctl(v4 + "/rp_filter", "0"));
    CHECK(set_sysctl(v4 + "/send_redirects", "0"));
    if (!endpoint.addr6) return {};
    CHECK(set_sysctl(v6 + "/disable_ipv6", "0"));
    CHECK(set_sysctl(v6 + "/addr_gen_mode", "1"));  // 1: no link-local address, hence no duplicate detection
    CHECK(set_sysctl(v6 + "/accept_ra", "0"));
    return set_sysctl(v6 + "/accept_dad", "0");
}

// Routes of one family: the router on the link, everything else through it.
Result<> set_routes(Netlink& inside, const LinkInfo& link, const Addr& router) {
    const std::uint8_t whole = router.v4() ? 32 : 128;
    CHECK(inside.set_route({.to = {router, whole}, .device = link.index}));
    const Addr any{.family = router.family};
    return inside.set_route({.to = {any, 0}, .device = link.index, .via = router});
}

// Runs inside the container's namespace.
Result<LinkInfo> configure(const plan::Endpoint& endpoint, const plan::Node& node) {
    Netlink inside = TRY(Netlink::open());
    if (auto lo = TRY(inside.link("lo")); lo && !lo->up) CHECK(inside.set_up(*lo));
    auto link = TRY(inside.link(endpoint.ifname));
    if (!link) return fail(Errc::kernel, endpoint.ifname + ": not there although its pair was made");
    const std::string v6 = "net/ipv6/conf/" + endpoint.ifname;
    if (endpoint.addr6) {
        CHECK(set_sysctl(v6 + "/disable_ipv6", "0"));
        CHECK(set_sysctl(v6 + "/accept_dad", "0"));
    }
    CHECK(inside.set_mtu(*link, node.mtu));
    if (!link->up) CHECK(inside.set_up(*link));
    for (const auto& addr : {endpoint.addr4, endpoint.addr6}) {
        if (!addr) continue;
        CHECK(inside.add_address(*link, *addr));
        for (const Addr& router : node.routers)
            if (router.family == addr->family) CHECK(set_routes(inside, *link, router));
    }
    return *link;
}

// The container's end if it is the peer of `host`.
Result<bool> is_peer(const plan::Endpoint& endpoint, const LinkInfo& host) {
    Netlink inside = TRY(Netlink::open());
    auto link = TRY(inside.link(endpoint.ifname));
    return link && link->kind == "veth" && link->index == host.peer && link->peer == host.index;
}

Result<std::optional<LinkInfo>> adopt(Netlink& netlink, const plan::Endpoint& endpoint, const Fd& netns) {
    auto host = TRY(netlink.link(endpoint.host_ifname));
    if (!host) return std::nullopt;
    if (host->kind != "veth" || host->group != our_group)
        return fail(Errc::exists, host->name + " exists, but Beeline did not make it");
    bool ours = false;
    CHECK(in_netns(netns, [&]() -> Result<> {
        ours = TRY(is_peer(endpoint, *host));
        return {};
    }));
    if (ours) return host;
    CHECK(netlink.remove_link(*host));  // of an older namespace
    return std::nullopt;
}

Result<ContainerLink> finish(Netlink& netlink, const plan::Endpoint& endpoint, const plan::Node& node,
                             const Fd& netns) {
    CHECK(set_host_sysctls(endpoint));
    LinkInfo inside;
    CHECK(in_netns(netns, [&]() -> Result<> {
        inside = TRY(configure(endpoint, node));
        return {};
    }));
    auto host = TRY(netlink.link(endpoint.host_ifname));
    if (!host) return fail(Errc::kernel, endpoint.host_ifname + " vanished while it was configured");
    CHECK(netlink.set_mtu(*host, node.mtu));
    return ContainerLink{host->index, host->mac, inside.mac, static_cast<std::uint16_t>(node.mtu), host->up};
}

}  // namespace

Result<std::optional<ContainerLink>> ensure_container(Netlink& netlink, const plan::Endpoint& endpoint,
                                                      const plan::Node& node) {
    const auto netns = TRY(open_netns(endpoint.netns, endpoint.netns_inode));
    if (!netns) return std::nullopt;
    const auto adopted = TRY(adopt(netlink, endpoint, *netns));
    if (!adopted) CHECK(netlink.make_veth({endpoint.host_ifname, endpoint.ifname, node.mtu, netns->get()}));
    auto link = finish(netlink, endpoint, node, *netns);
    if (link) return *link;
    if (!adopted)
        if (auto made = netlink.link(endpoint.host_ifname); made && *made) (void)netlink.remove_link(**made);
    return std::unexpected(std::move(link).error());
}

}  // namespace beeline::kernel
