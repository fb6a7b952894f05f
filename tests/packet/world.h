// The little world the packets live in: who has which addresses, devices and MACs, in both families.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "abi/endpoint.h"
#include "abi/flow.h"

namespace beeline::packet {

enum class Family { v4, v6 };

using Mac = std::array<std::uint8_t, 6>;
using Addr = std::array<std::uint8_t, 16>;  // IPv4 in the first four bytes

// An IPv4 or IPv6 address in text.
Addr address(std::string_view text);

struct Node {
    std::string_view name;
    std::string_view v4, v6;
    Mac mac{};              // of its end of the wire
    Mac gateway{};          // containers: the host side of its veth
    unsigned hop = 0;       // row of bl_hops that delivers to it; 0: none
    unsigned identity = 0;  // 0: not told to the datapath
    unsigned mtu = 1500;

    Addr addr(Family family) const { return address(family == Family::v4 ? v4 : v6); }
    bool is_container() const { return hop > abi::hop_host; }
};

constexpr Mac mac(std::uint8_t last) {
    return {0x02, 0, 0, 0, 0, last};
}

// The four containers.
inline constexpr Node client{"client", "10.0.0.2", "fd00::2", mac(0x12), mac(0xa2), 2, 1002};
inline constexpr Node web{"web", "10.0.0.3", "fd00::3", mac(0x13), mac(0xa3), 3, 1003, 1400};
inline constexpr Node api{"api", "10.0.0.4", "fd00::4", mac(0x14), mac(0xa4), 4, 1004};
inline constexpr Node other{"other", "10.0.0.5", "fd00::5", mac(0x15), mac(0xa5), 5, 1005};
inline constexpr std::array<const Node*, 4> containers{&client, &web, &api, &other};

// The node: its stack lives behind beeline_host. `router` is the address containers have as gateway.
inline constexpr Node host{"host", "192.168.1.10", "fd01::10", mac(0x01), mac(0x02), abi::hop_host, abi::identity_host};
inline constexpr Node router{"router", "10.0.0.1", "fd00::1", mac(0x01), mac(0x02), abi::hop_host, abi::identity_host};
inline constexpr Node world{"world", "203.0.113.7", "2001:db8:7::7", mac(0x01), mac(0x02)};
inline constexpr Node peer_node{"peer_node", "192.168.1.11", "fd01::11", mac(0x01), mac(0x02), 0, 2000};
// Reached by the node's own device: `node` is its address there, `far` is behind its gateway, `near` on the link,
// `friendly` a container of another node behind the gateway.
inline constexpr Node node{"node", "192.168.7.10", "fd07::10", mac(0x21), mac(0x22), 0, abi::identity_host};
inline constexpr Node gateway{"gateway", "192.168.7.1", "fd07::1", mac(0x22), mac(0x21)};
inline constexpr Node near{"near", "192.168.7.20", "fd07::20", mac(0x23), mac(0x21)};
inline constexpr Node far{"far", "198.18.0.7", "2001:db8:18::7", mac(0x22), mac(0x21)};
inline constexpr Node friendly{"friendly", "198.18.9.9", "2001:db8:18:9::9", mac(0x22), mac(0x21), 0, 2009};
inline constexpr unsigned hop_gateway = 20, hop_link = 22;  // rows of bl_hops; IPv6 has the next

inline constexpr Node ghost{"ghost", "10.0.0.99", "fd00::99"};  // of the pod range, nobody's
inline constexpr Node group{"group", "224.0.0.251", "ff02::fb"};
inline constexpr Node all_routers{"all_routers", "224.0.0.2", "ff02::2"};
inline constexpr Node localhost{"localhost", "127.0.0.1", "::1"};
inline constexpr Node nobody{"nobody", "0.0.0.0", "::"};
inline constexpr Node broadcast{"broadcast", "255.255.255.255", "ff02::1"};
inline constexpr Node loopback{"loopback", "169.254.42.1", "fd00:42::1"};  // source of who is its own backend

// Service addresses; `outside` is one that is not in the service range.
inline constexpr Node vip{"vip", "10.96.0.10", "fd96::10"};
inline constexpr Node vip2{"vip2", "10.96.0.11", "fd96::11"};
inline constexpr Node outside{"outside", "198.51.100.20", "2001:db8:20::20"};

}  // namespace beeline::packet
