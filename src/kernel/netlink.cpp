#include "kernel/netlink.h"

#include <net/if.h>
#include <netlink/route/link/veth.h>

#include <algorithm>
#include <cstring>

#include "kernel/nl_object.h"

namespace beeline::kernel {
namespace {

Error no_memory() {
    return {Errc::kernel, "netlink: no memory", 0, {}};
}

LinkInfo info_of(rtnl_link* link) {
    LinkInfo info;
    info.index = Ifindex{static_cast<std::uint32_t>(rtnl_link_get_ifindex(link))};
    if (const char* name = rtnl_link_get_name(link)) info.name = name;
    if (const char* kind = rtnl_link_get_type(link)) info.kind = kind;
    nl_addr* mac = rtnl_link_get_addr(link);
    if (mac != nullptr && nl_addr_get_len(mac) == info.mac.bytes.size())
        std::memcpy(info.mac.bytes.data(), nl_addr_get_binary_addr(mac), info.mac.bytes.size());
    info.mtu = rtnl_link_get_mtu(link);
    info.group = rtnl_link_get_group(link);
    info.up = (rtnl_link_get_flags(link) & IFF_UP) != 0;
    info.loopback = (rtnl_link_get_flags(link) & IFF_LOOPBACK) != 0;
    info.peer = Ifindex{static_cast<std::uint32_t>(std::max(rtnl_link_get_link(link), 0))};
    info.master = Ifindex{static_cast<std::uint32_t>(std::max(rtnl_link_get_master(link), 0))};
    return info;
}

// The device of `info`, to be changed or removed.
NlLink handle(const LinkInfo& info) {
    NlLink link(rtnl_link_alloc());
    if (link) rtnl_link_set_ifindex(link.get(), static_cast<int>(info.index.value));
    return link;
}

template <class Fill>
Result<> change_link(nl_sock* socket, const LinkInfo& info, const char* what, Fill fill) {
    NlLink now = handle(info), next(rtnl_link_alloc());
    if (!now || !next) return std::unexpected(no_memory());
    fill(next.get());
    const int error = rtnl_link_change(socket, now.get(), next.get(), 0);
    if (error < 0) return nl_fail(info.name + ": " + what, error);
    return {};
}

template <class T>
struct Collected {
    std::vector<T> items{};
};

}  // namespace

std::optional<Addr> addr_of(nl_addr* addr) {
    if (addr == nullptr) return std::nullopt;
    const int family = nl_addr_get_family(addr);
    const std::size_t length = family == AF_INET ? 4 : 16;
    if ((family != AF_INET && family != AF_INET6) || nl_addr_get_len(addr) != length) return std::nullopt;
    Addr value{.family = family == AF_INET ? Family::v4 : Family::v6};
    std::memcpy(value.bytes.data(), nl_addr_get_binary_addr(addr), length);
    return value;
}

void Netlink::Close::operator()(nl_sock* socket) const {
    nl_socket_free(socket);
}

Result<Netlink> Netlink::open() {
    Netlink netlink(nl_socket_alloc());
    if (!netlink.socket_) return std::unexpected(no_memory());
    const int error = nl_connect(netlink.socket_.get(), NETLINK_ROUTE);
    if (error < 0) return nl_fail("netlink: connect", error);
    return netlink;
}

Result<std::vector<LinkInfo>> Netlink::links() {
    nl_cache* cache = nullptr;
    const int error = rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &cache);
    if (error < 0) return nl_fail("list of network devices", error);
    const NlCache owner(cache);
    Collected<LinkInfo> seen;
    nl_cache_foreach(
        cache,
        [](nl_object* object, void* to) {
            static_cast<Collected<LinkInfo>*>(to)->items.push_back(info_of(reinterpret_cast<rtnl_link*>(object)));
        },
        &seen);
    return std::move(seen.items);
}

Result<std::optional<LinkInfo>> Netlink::link(const std::string& name) {
    rtnl_link* found = nullptr;
    const int error = rtnl_link_get_kernel(socket_.get(), 0, name.c_str(), &found);
    if (nl_is(error, NLE_NODEV) || nl_is(error, NLE_OBJ_NOTFOUND)) return std::nullopt;
    if (error < 0) return nl_fail(name + ": lookup", error);
    const NlLink owner(found);
    return info_of(found);
}

Result<> Netlink::make_veth(const VethSpec& spec) {
    NlLink link(rtnl_link_veth_alloc());
    if (!link) return std::unexpected(no_memory());
    const NlLink peer(rtnl_link_veth_get_peer(link.get()));
    rtnl_link_set_name(link.get(), spec.name.c_str());
    rtnl_link_set_mtu(link.get(), spec.mtu);
    rtnl_link_set_group(link.get(), static_cast<int>(our_group));
    rtnl_link_set_name(peer.get(), spec.peer_name.c_str());
    rtnl_link_set_mtu(peer.get(), spec.mtu);
    if (spec.peer_netns >= 0) rtnl_link_set_ns_fd(peer.get(), spec.peer_netns);
    const int error = rtnl_link_add(socket_.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
    const std::string what = spec.name + ": make veth pair with " + spec.peer_name;
    if (nl_is(error, NLE_EXIST)) return fail(Errc::exists, what + ": one of the two names is taken");
    if (error < 0) return nl_fail(what, error);
    return {};
}

Result<> Netlink::remove_link(const LinkInfo& info) {
    const NlLink link = handle(info);
    if (!link) return std::unexpected(no_memory());
    const int error = rtnl_link_delete(socket_.get(), link.get());
    if (error < 0 && !nl_is(error, NLE_NODEV) && !nl_is(error, NLE_OBJ_NOTFOUND))
        return nl_fail(info.name + ": delete", error);
    return {};
}

Result<> Netlink::set_up(const LinkInfo& link) {
    return change_link(socket_.get(), link, "set up", [](rtnl_link* next) { rtnl_link_set_flags(next, IFF_UP); });
}

Result<> Netlink::set_mtu(const LinkInfo& link, unsigned mtu) {
    if (link.mtu == mtu) return {};
    return change_link(socket_.get(), link, "set MTU", [mtu](rtnl_link* next) { rtnl_link_set_mtu(next, mtu); });
}

Result<> Netlink::set_arp_off(const LinkInfo& link) {
    return change_link(socket_.get(), link, "switch ARP off",
                       [](rtnl_link* next) { rtnl_link_set_flags(next, IFF_NOARP); });
}

Result<> Netlink::set_our_group(const LinkInfo& link) {
    if (link.group == our_group) return {};
    return change_link(socket_.get(), link, "set group",
                       [](rtnl_link* next) { rtnl_link_set_group(next, static_cast<int>(our_group)); });
}

}  // namespace beeline::kernel
