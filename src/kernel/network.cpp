// Netlink::network(). Dumps are read message by message: libnl's caches refuse routes that differ in their device only.
#include "kernel/network.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>

#include <algorithm>
#include <functional>
#include <map>
#include <string_view>

#include "base/hash.h"
#include "kernel/nl_object.h"

namespace beeline::kernel {
namespace {

using EachMessage = std::function<void(nl_msg*)>;

constexpr int tries = 5;  // of a dump that changes meanwhile

struct CallbackPut {
    void operator()(nl_cb* callback) const { nl_cb_put(callback); }
};

int receive(nl_sock* socket, const EachMessage& each) {
    const std::unique_ptr<nl_cb, CallbackPut> callback(nl_cb_alloc(NL_CB_DEFAULT));
    if (!callback) return -NLE_NOMEM;
    auto take = [](nl_msg* message, void* to) -> int {
        (*static_cast<const EachMessage*>(to))(message);
        return NL_OK;
    };
    nl_cb_set(callback.get(), NL_CB_VALID, NL_CB_CUSTOM, take, const_cast<EachMessage*>(&each));
    return nl_recvmsgs(socket, callback.get());
}

struct Dump {
    int type;
    const char* what;
};

// `restart` before each try.
Result<> dump(nl_sock* socket, const Dump& of, const std::function<void()>& restart, const EachMessage& each) {
    int error = 0;
    for (int i = 0; i < tries; i++) {
        restart();
        rtmsg request{};  // family "unspecified": both; the shorter headers of other dumps begin the same way
        error = nl_send_simple(socket, of.type, NLM_F_DUMP, &request, sizeof request);
        if (error >= 0) error = receive(socket, each);
        if (error >= 0) return {};
        if (!nl_is(error, NLE_DUMP_INTR)) break;
    }
    return nl_fail(of.what, error);
}

// The object of a message; null: of a kind libnl does not know.
template <class T>
T* parsed(nl_msg* message) {
    nl_object* object = nullptr;
    auto keep = [](nl_object* found, void* to) {
        nl_object_get(found);
        *static_cast<nl_object**>(to) = found;
    };
    if (nl_msg_parse(message, keep, &object) < 0) return nullptr;
    return reinterpret_cast<T*>(object);
}

bool is_link_local(const Addr& addr) {
    return !addr.v4() && addr.bytes[0] == 0xfe && (addr.bytes[1] & 0xc0) == 0x80;
}

// ---- addresses

struct Dated {
    NodeAddress address;
    std::uint32_t created = 0;
};

std::optional<Dated> address_of(rtnl_addr* object) {
    const auto addr = addr_of(rtnl_addr_get_local(object));
    if (!addr || is_link_local(*addr)) return std::nullopt;
    const unsigned flags = rtnl_addr_get_flags(object);
    constexpr unsigned unusable = IFA_F_DEPRECATED | IFA_F_TENTATIVE | IFA_F_DADFAILED;
    Dated found;
    found.address.device = Ifindex{static_cast<std::uint32_t>(rtnl_addr_get_ifindex(object))};
    found.address.addr = *addr;
    found.address.length = static_cast<std::uint8_t>(rtnl_addr_get_prefixlen(object));
    found.address.global = rtnl_addr_get_scope(object) == RT_SCOPE_UNIVERSE;
    found.address.usable = (flags & unusable) == 0 && (addr->v4() || (flags & IFA_F_TEMPORARY) == 0);
    found.created = rtnl_addr_get_create_time(object);
    return found;
}

// The kernel lists IPv4 addresses as they were added, but of equal IPv6 ones the newest first; the oldest is preferred,
// so that a further address changes nothing.
std::vector<NodeAddress> in_order(const std::vector<Dated>& found) {
    std::vector<NodeAddress> addresses;
    std::multimap<std::uint32_t, NodeAddress> v6;  // by age; what the dump has later goes before its equals
    for (const Dated& dated : found) {
        if (dated.address.addr.v4())
            addresses.push_back(dated.address);
        else
            v6.emplace_hint(v6.lower_bound(dated.created), dated.created, dated.address);
    }
    for (const auto& [created, address] : v6)
        addresses.push_back(address);
    return addresses;
}

// ---- routes

struct RouteDump {
    std::vector<RouteHop> hops{};
    std::vector<std::uint32_t> hashes{};  // one a route
};

bool changes_by_itself(int attribute) {
    return attribute == RTA_CACHEINFO || attribute == RTA_EXPIRES;
}

std::uint32_t route_hash(nl_msg* message) {
    nlmsghdr* header = nlmsg_hdr(message);
    std::uint32_t hash = fnv1a({static_cast<const char*>(nlmsg_data(header)), sizeof(rtmsg)});
    const nlattr* attribute = nullptr;
    int rest = 0;
    nlmsg_for_each_attr(attribute, header, sizeof(rtmsg), rest) {
        if (!changes_by_itself(nla_type(attribute)))
            hash = fnv1a({reinterpret_cast<const char*>(attribute), attribute->nla_len}, hash);
    }
    return hash;
}

std::uint32_t rule_hash(nl_msg* message) {
    const nlmsghdr* header = nlmsg_hdr(message);
    return fnv1a({static_cast<const char*>(nlmsg_data(header)), static_cast<std::size_t>(nlmsg_datalen(header))});
}

bool decides(const rtmsg& route) {
    if ((route.rtm_flags & RTM_F_CLONED) != 0) return false;
    return route.rtm_type == RTN_UNICAST || route.rtm_type == RTN_BLACKHOLE || route.rtm_type == RTN_UNREACHABLE ||
           route.rtm_type == RTN_PROHIBIT || route.rtm_type == RTN_THROW;
}

RouteHop route_hop(rtnl_route* object, rtnl_nexthop* hop) {
    RouteHop route;
    nl_addr* to = rtnl_route_get_dst(object);
    route.to.addr.family = rtnl_route_get_family(object) == AF_INET ? Family::v4 : Family::v6;
    if (auto addr = addr_of(to)) route.to = {*addr, static_cast<std::uint8_t>(nl_addr_get_prefixlen(to))};
    route.table = rtnl_route_get_table(object);
    route.priority = rtnl_route_get_priority(object);
    route.device = Ifindex{static_cast<std::uint32_t>(std::max(rtnl_route_nh_get_ifindex(hop), 0))};
    route.via = addr_of(rtnl_route_nh_get_gateway(hop));
    if (!route.via) route.via = addr_of(rtnl_route_nh_get_via(hop));
    route.source = addr_of(rtnl_route_get_pref_src(object));
    rtnl_route_get_metric(object, RTAX_MTU, &route.mtu);
    return route;
}

void take_route(nl_msg* message, RouteDump& into) {
    const nlmsghdr* header = nlmsg_hdr(message);
    if (header->nlmsg_type != RTM_NEWROUTE || !nlmsg_valid_hdr(header, sizeof(rtmsg))) return;
    const auto* route = static_cast<const rtmsg*>(nlmsg_data(header));
    if (!decides(*route) || (route->rtm_family != AF_INET && route->rtm_family != AF_INET6)) return;
    const NlRoute object(parsed<rtnl_route>(message));
    // Every device that comes up has one, those of containers too: they decide about nothing that is routed.
    auto to = object ? addr_of(rtnl_route_get_dst(object.get())) : std::nullopt;
    if (to && is_link_local(*to)) return;
    into.hashes.push_back(route_hash(message));
    if (!object || route->rtm_type != RTN_UNICAST) return;
    for (int i = 0; i < rtnl_route_get_nnexthops(object.get()); i++)
        into.hops.push_back(route_hop(object.get(), rtnl_route_nexthop_n(object.get(), i)));
}

std::uint32_t hash_of_all(std::vector<std::uint32_t> hashes) {
    std::ranges::sort(hashes);
    return fnv1a({reinterpret_cast<const char*>(hashes.data()), hashes.size() * sizeof hashes[0]});
}

Result<> read_addresses(nl_sock* socket, Network& network) {
    std::vector<Dated> found;
    CHECK(dump(
        socket, {RTM_GETADDR, "list of addresses"}, [&found] { found.clear(); },
        [&found](nl_msg* message) {
            const NlLinkAddr object(parsed<rtnl_addr>(message));
            if (!object) return;
            if (auto address = address_of(object.get())) found.push_back(*address);
        }));
    network.addresses = in_order(found);
    return {};
}

Result<> read_routes(nl_sock* socket, Network& network) {
    RouteDump routes;
    CHECK(dump(
        socket, {RTM_GETROUTE, "list of routes"}, [&routes] { routes = {}; },
        [&routes](nl_msg* message) { take_route(message, routes); }));
    std::vector<std::uint32_t> rules;
    const auto rule_dump = dump(
        socket, {RTM_GETRULE, "list of routing rules"}, [&rules] { rules.clear(); },
        [&rules](nl_msg* message) { rules.push_back(rule_hash(message)); });
    // A kernel without policy routing has none.
    if (!rule_dump) rules.clear();
    routes.hashes.push_back(hash_of_all(std::move(rules)));
    network.decisions = hash_of_all(std::move(routes.hashes));
    std::ranges::sort(routes.hops);
    network.routes = std::move(routes.hops);
    return {};
}

}  // namespace

Result<Network> Netlink::network() {
    Network network;
    network.links = TRY(links());
    std::erase_if(network.links, [](const LinkInfo& link) { return link.group == our_group; });
    std::ranges::sort(network.links, {}, &LinkInfo::index);
    CHECK(read_addresses(socket_.get(), network));
    CHECK(read_routes(socket_.get(), network));
    return network;
}

}  // namespace beeline::kernel
