// Fragments: the first has the ports, the rest follow it.
#include "tests/packet/lab.h"
#include "tests/packet/wire.h"

namespace beeline::packet {
namespace {
using abi::Reason;

PACKET_ROWS(
    fragments,
    {
        {"the pieces of a datagram follow the first",
         {sends(client, udp(client, web, 4000, 53).payload(16).piece(0, true))
              .to(web, udp(client, web, 4000, 53).payload(16).piece(0, true).ttl(63))
              .news(),
          sends(client, ip_protocol(client, web, 17).piece(3, true))
              .to(web, ip_protocol(client, web, 17).piece(3, true).ttl(63)),
          sends(client, ip_protocol(client, web, 17).piece(4, false))
              .to(web, ip_protocol(client, web, 17).piece(4, false).ttl(63))}},
        {"through a service",
         {change([](Lab& lab) { lab.service({vip, 53, abi::proto_udp}, {{web, 5353}}); }),
          sends(client, udp(client, vip, 4000, 53).payload(16).piece(0, true))
              .to(web, udp(client, web, 4000, 5353).payload(16).piece(0, true).ttl(63))
              .news(),
          sends(client, ip_protocol(client, vip, 17).piece(3, false))
              .to(web, ip_protocol(client, web, 17).piece(3, false).ttl(63))}},
        {"out to the world and back in",
         {sends(client, udp(client, far, 4000, 53).payload(16).piece(0, true))
              .leaves(on_wire(udp(node, far, 4000, 53).payload(16).piece(0, true)).ttl(63))
              .news(),
          sends(client, ip_protocol(client, far, 17).piece(3, false))
              .leaves(on_wire(ip_protocol(node, far, 17).piece(3, false)).ttl(63)),
          arrives(udp(far, node, 53, 4000).payload(16).piece(0, true))
              .to(client, udp(far, client, 53, 4000).payload(16).piece(0, true).ttl(63)),
          arrives(ip_protocol(far, node, 17).piece(3, false))
              .to(client, ip_protocol(far, client, 17).piece(3, false).ttl(63))}},
        {"one that overtakes the first",
         {sends(client, ip_protocol(client, web, 17).piece(3, false)).dropped(Reason::fragment_before_first)}},
        {"pieces of another packet are not taken for it",
         {sends(client, udp(client, web, 4000, 53).payload(16).piece(0, true))
              .to(web, udp(client, web, 4000, 53).payload(16).piece(0, true).ttl(63))
              .news(),
          sends(client, ip_protocol(client, web, 17).piece(3, false, 78)).dropped(Reason::fragment_before_first),
          sends(client, ip_protocol(client, web, 6).piece(3, false)).dropped(Reason::fragment_before_first)}},
        {"a first piece without its ports is no packet",
         {sends(client, udp(client, web, 4000, 53).piece(0, true).cut_to(14 + 24)).dropped(Reason::bad_header)},
         Family::v4},
        {"likewise for IPv6",
         {sends(client, udp(client, web, 4000, 53).piece(0, true).cut_to(14 + 40 + 12)).dropped(Reason::bad_header)},
         Family::v6},
        {"a piece that would overwrite the flags of TCP",
         {sends(client, ip_protocol(client, web, 6).piece(1, false)).dropped(Reason::fragment)}},
        {"policy holds for every piece",
         {change([](Lab& lab) { lab.policy(web, {abi::ingress}, {}); }),
          sends(client, udp(client, web, 4000, 53).payload(16).piece(0, true)).dropped(Reason::policy_denied_ingress),
          sends(client, ip_protocol(client, web, 17).piece(3, false)).dropped(Reason::policy_denied_ingress)}},
    });

}  // namespace
}  // namespace beeline::packet
