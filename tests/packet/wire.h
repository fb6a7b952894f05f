// What is on the wire of the node's device, as the tests of the node's devices spell it.
#pragma once
#include "tests/packet/packet.h"

namespace beeline::packet {

// As it leaves the container's wire: the kernel writes the MACs later.
inline Packet on_wire(const Packet& p) {
    return p.macs(client.gateway, client.mac);
}
// A packet that another node is to serve, or this one for another: in UDP, from the node that was asked to the backend.
inline Packet led(const Node& by, const Node& backend, std::uint16_t port, const Packet& inner) {
    return udp(by, backend, port, 6080).no_checksum().dont_frag().mangle([inner](Frame& frame) {
        const bool v4 = frame.at(12) == 8;
        const Frame carried = inner.frame(v4 ? Family::v4 : Family::v6);
        const std::size_t ip = 14, udp_at = v4 ? 34 : 54;
        frame.resize(udp_at + 8);
        frame.insert(frame.end(), carried.begin() + 14, carried.end());
        const auto put = [&](std::size_t at, std::size_t value) {
            frame[at] = static_cast<std::uint8_t>(value >> 8);
            frame[at + 1] = static_cast<std::uint8_t>(value);
        };
        put(udp_at + 4, frame.size() - udp_at);
        put(v4 ? ip + 2 : ip + 4, frame.size() - (v4 ? ip : udp_at));
        if (!v4) return;
        put(ip + 10, 0);
        put(ip + 10, static_cast<std::uint16_t>(~internet_sum(&frame[ip], 20)));
    });
}
inline const Packet hello = tcp(client, far, 4000, 80).flags(syn);
inline const Packet masked = on_wire(tcp(node, far, 4000, 80)).ttl(63);

}  // namespace beeline::packet
