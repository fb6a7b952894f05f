// The address and route half of Netlink.
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>

#include <set>

#include "kernel/netlink.h"
#include "kernel/nl_object.h"

namespace beeline::kernel {
namespace {

std::string describe(const Route& route) {
    return "route to " + to_string(route.to) + (route.via ? " via " + to_string(*route.via) : "");
}

NlLinkAddr link_address(const LinkInfo& link, const Addr& addr) {
    NlLinkAddr object(rtnl_addr_alloc());
    const NlAddr local = nl_address(addr);
    if (!object || !local) return nullptr;
    rtnl_addr_set_ifindex(object.get(), static_cast<int>(link.index.value));
    rtnl_addr_set_family(object.get(), addr.v4() ? AF_INET : AF_INET6);
    rtnl_addr_set_local(object.get(), local.get());
    if (!addr.v4()) rtnl_addr_set_flags(object.get(), IFA_F_NODAD);
    return object;
}

NlRoute route_object(const Route& route) {
    NlRoute object(rtnl_route_alloc());
    rtnl_nexthop* hop = rtnl_route_nh_alloc();
    const NlAddr to = nl_address(route.to);
    if (!object || hop == nullptr || !to) return nullptr;
    const bool v4 = route.to.addr.v4();
    rtnl_route_set_family(object.get(), v4 ? AF_INET : AF_INET6);
    rtnl_route_set_table(object.get(), RT_TABLE_MAIN);
    rtnl_route_set_protocol(object.get(), our_protocol);
    rtnl_route_set_type(object.get(), RTN_UNICAST);
    rtnl_route_set_scope(object.get(), route.via || !v4 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK);
    rtnl_route_set_dst(object.get(), to.get());
    if (route.source) rtnl_route_set_pref_src(object.get(), nl_address(*route.source).get());
    rtnl_route_nh_set_ifindex(hop, static_cast<int>(route.device.value));
    if (route.via) {
        rtnl_route_nh_set_gateway(hop, nl_address(*route.via).get());
        rtnl_route_nh_set_flags(hop, RTNH_F_ONLINK);
    }
    rtnl_route_add_nexthop(object.get(), hop);
    return object;
}

std::optional<Route> route_of(rtnl_route* object) {
    if (rtnl_route_get_protocol(object) != our_protocol || rtnl_route_get_table(object) != RT_TABLE_MAIN)
        return std::nullopt;
    rtnl_nexthop* hop = rtnl_route_get_nnexthops(object) == 1 ? rtnl_route_nexthop_n(object, 0) : nullptr;
    if (hop == nullptr) return std::nullopt;
    nl_addr* to = rtnl_route_get_dst(object);
    Route route;
    route.to.addr.family = rtnl_route_get_family(object) == AF_INET ? Family::v4 : Family::v6;
    if (auto addr = addr_of(to)) route.to = {*addr, static_cast<std::uint8_t>(nl_addr_get_prefixlen(to))};
    route.device = Ifindex{static_cast<std::uint32_t>(rtnl_route_nh_get_ifindex(hop))};
    route.via = addr_of(rtnl_route_nh_get_gateway(hop));
    route.source = addr_of(rtnl_route_get_pref_src(object));
    return route;
}

// The kernel's own objects: an address is removed only with the prefix length that it has there.
struct LinkAddress {
    Addr addr;
    NlLinkAddr object;
};
struct AddressWalk {
    int ifindex;
    std::vector<LinkAddress> seen{};
};

Result<std::vector<LinkAddress>> link_addresses(nl_sock* socket, Ifindex device) {
    nl_cache* cache = nullptr;
    const int error = rtnl_addr_alloc_cache(socket, &cache);
    if (error < 0) return nl_fail("list of addresses", error);
    const NlCache owner(cache);
    AddressWalk walk{static_cast<int>(device.value)};
    nl_cache_foreach(
        cache,
        [](nl_object* object, void* to) {
            auto* found = reinterpret_cast<rtnl_addr*>(object);
            auto* into = static_cast<AddressWalk*>(to);
            if (rtnl_addr_get_ifindex(found) != into->ifindex) return;
            auto addr = addr_of(rtnl_addr_get_local(found));
            if (!addr) return;
            nl_object_get(object);
            into->seen.push_back({*addr, NlLinkAddr(found)});
        },
        &walk);
    return std::move(walk.seen);
}

}  // namespace

Result<std::vector<Addr>> Netlink::addresses(Ifindex device) {
    std::vector<Addr> addresses;
    for (const LinkAddress& found : TRY(link_addresses(socket_.get(), device)))
        addresses.push_back(found.addr);
    return addresses;
}

Result<> Netlink::add_address(const LinkInfo& link, const Addr& addr) {
    const NlLinkAddr object = link_address(link, addr);
    if (!object) return fail(Errc::kernel, "netlink: no memory");
    const int error = rtnl_addr_add(socket_.get(), object.get(), NLM_F_CREATE | NLM_F_EXCL);
    if (error < 0 && !nl_is(error, NLE_EXIST)) return nl_fail(link.name + ": add address " + to_string(addr), error);
    return {};
}

Result<> Netlink::remove_address(const LinkInfo& link, const Addr& addr) {
    for (const LinkAddress& found : TRY(link_addresses(socket_.get(), link.index))) {
        if (found.addr != addr) continue;
        const int error = rtnl_addr_delete(socket_.get(), found.object.get(), 0);
        if (error < 0 && !nl_is(error, NLE_NOADDR))
            return nl_fail(link.name + ": remove address " + to_string(addr), error);
    }
    return {};
}

Result<std::vector<Route>> Netlink::routes(Family family) {
    nl_cache* cache = nullptr;
    const int error = rtnl_route_alloc_cache(socket_.get(), family == Family::v4 ? AF_INET : AF_INET6, 0, &cache);
    if (error < 0) return nl_fail("list of routes", error);
    const NlCache owner(cache);
    std::vector<Route> routes;
    nl_cache_foreach(
        cache,
        [](nl_object* object, void* to) {
            if (auto route = route_of(reinterpret_cast<rtnl_route*>(object)))
                static_cast<std::vector<Route>*>(to)->push_back(*route);
        },
        &routes);
    return routes;
}

Result<> Netlink::set_route(const Route& route) {
    const NlRoute object = route_object(route);
    if (!object) return fail(Errc::kernel, "netlink: no memory");
    const int error = rtnl_route_add(socket_.get(), object.get(), NLM_F_CREATE | NLM_F_REPLACE);
    if (error < 0) return nl_fail(describe(route), error);
    return {};
}

Result<> Netlink::remove_route(const Route& route) {
    const NlRoute object = route_object(route);
    if (!object) return fail(Errc::kernel, "netlink: no memory");
    const int error = rtnl_route_delete(socket_.get(), object.get(), 0);
    if (error < 0 && !nl_is(error, NLE_OBJ_NOTFOUND)) return nl_fail("remove " + describe(route), error);
    return {};
}

}  // namespace beeline::kernel
