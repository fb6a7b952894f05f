// Links, addresses and routes of one network namespace, over a netlink socket that stays in it.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/addr.h"
#include "base/result.h"
#include "base/types.h"

struct nl_sock;

namespace beeline::kernel {

// Marks what belongs to Beeline: `ip link show group 112`, `ip route show proto 112`.
inline constexpr unsigned our_group = 112;
inline constexpr unsigned our_protocol = 112;

struct LinkInfo {
    Ifindex index;
    std::string name, kind;  // kind: "veth", …; empty for physical devices
    Mac mac;
    unsigned mtu = 0, group = 0;
    bool up = false;  // administratively
    bool loopback = false;
    Ifindex peer;    // index of a veth's other end in its own namespace, of the device below a VLAN; 0: unknown
    Ifindex master;  // the bridge, bond or VRF it is a part of; 0: none
    auto operator<=>(const LinkInfo&) const = default;
};

// A veth pair; the peer is born in the namespace `peer_netns`, so that it never shows up anywhere else.
struct VethSpec {
    std::string name, peer_name;
    unsigned mtu = 1500;
    int peer_netns = -1;  // descriptor; -1: the same namespace
};

struct Route {
    Prefix to;  // length 0: default route
    Ifindex device;
    std::optional<Addr> via{};     // gateway; taken to be on the link
    std::optional<Addr> source{};  // preferred source address
    auto operator<=>(const Route&) const = default;
};

struct Network;  // network.h

// Errors name what was tried and on what. Not thread-safe.
class Netlink {
public:
    // In the calling thread's network namespace.
    static Result<Netlink> open();

    Result<std::vector<LinkInfo>> links();
    Result<std::optional<LinkInfo>> link(const std::string& name);  // nullopt: no such device
    Result<> make_veth(const VethSpec& spec);
    Result<> remove_link(const LinkInfo& link);  // gone already: fine
    Result<> set_up(const LinkInfo& link);
    Result<> set_mtu(const LinkInfo& link, unsigned mtu);
    Result<> set_arp_off(const LinkInfo& link);
    Result<> set_our_group(const LinkInfo& link);

    Result<std::vector<Addr>> addresses(Ifindex device);
    // Whole (/32, /128), without duplicate address detection; there already: fine.
    Result<> add_address(const LinkInfo& link, const Addr& addr);
    // Of whatever length; gone already: fine.
    Result<> remove_address(const LinkInfo& link, const Addr& addr);

    // Routes of our protocol in the main table.
    Result<std::vector<Route>> routes(Family family);
    Result<> set_route(const Route& route);  // replaces one to the same prefix
    Result<> remove_route(const Route& route);

    // What the node's traffic with others depends on. The devices of Beeline itself are left out.
    Result<Network> network();

private:
    struct Close {
        void operator()(nl_sock* socket) const;
    };
    explicit Netlink(nl_sock* socket) : socket_(socket) {}
    std::unique_ptr<nl_sock, Close> socket_;
};

}  // namespace beeline::kernel
