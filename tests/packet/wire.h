// A container speaking to `far`, behind the node's gateway, as the tests of the node's devices spell it.
#pragma once
#include "tests/packet/packet.h"

namespace beeline::packet {

// As it leaves the container's wire: the kernel writes the MACs later.
inline Packet on_wire(const Packet& p) {
    return p.macs(client.gateway, client.mac);
}
inline const Packet hello = tcp(client, far, 4000, 80).flags(syn);
inline const Packet masked = on_wire(tcp(node, far, 4000, 80)).ttl(63);

}  // namespace beeline::packet
