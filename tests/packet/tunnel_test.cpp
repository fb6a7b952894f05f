// Direct server return: a client's packet goes to the backend's node as it came, in UDP, and that node answers.
#include "tests/packet/lab.h"
#include "tests/packet/wire.h"

namespace beeline::packet {
namespace {
using abi::Reason;

const Front external{outside, 80, abi::proto_tcp}, external_dns{outside, 53, abi::proto_udp};
constexpr std::uint8_t direct = abi::front_outside | abi::front_direct;

Step serves(const Front& front, const Backends& backends, std::uint8_t flags = direct) {
    return change([=](Lab& lab) { lab.serve(front, {.inside = backends, .outside = backends, .flags = flags}); });
}
Packet open_from(const Node& from, std::uint16_t sport, const Node& to, std::uint16_t dport) {
    return tcp(from, to, sport, dport).flags(syn);
}
// As it leaves, sent by one beyond the node's device: the kernel writes the MACs later.
Packet passed_on(const Node& by, const Packet& p) {
    return p.macs(by.gateway, by.mac);
}
Packet led_to_friendly(const Node& client, const Packet& inner) {
    return passed_on(client, led(node, friendly, 8080, inner.ttl(63)));
}
Step knows(const Node& n, std::uint32_t identity) {
    return change([=](Lab& lab) { lab.identity(n, identity); });
}
// `near` is a node that leads clients here.
Step is_led(const Node& backend, const Packet& inner) {
    return arrives(led(near, backend, 8080, inner.ttl(63))).carrying(inner);
}
const Packet opening = open_from(far, 4000, outside, 80), going_on = tcp(far, outside, 4000, 80);

PACKET_ROWS(
    led_to_another_node,
    {{"as it came, to the backend that was chosen",
      {serves(external, {{friendly, 8080}}), arrives(opening).leaves(led_to_friendly(far, opening)).news(),
       arrives(going_on.payload(300)).leaves(led_to_friendly(far, going_on.payload(300))),
       arrives(going_on.payload(0)).leaves(led_to_friendly(far, going_on))}},
     {"datagrams",
      {serves(external_dns, {{friendly, 8080}}),
       arrives(udp(far, outside, 4000, 53)).leaves(led_to_friendly(far, udp(far, outside, 4000, 53))).news(),
       arrives(udp(far, outside, 4000, 53)).leaves(led_to_friendly(far, udp(far, outside, 4000, 53)))}},
     {"the last hop",
      {serves(external_dns, {{friendly, 8080}}),
       arrives(udp(far, outside, 4000, 53).ttl(1))
           .refused(Reason::ttl_exceeded, icmp(node, far, time_exceeded)
                                              .dont_frag()
                                              .quotes(udp(far, outside, 4000, 53).ttl(1))
                                              .macs(far.mac, far.gateway))}},
     {"the last hop of a flow that is known",
      {serves(external, {{friendly, 8080}}), arrives(opening).leaves(led_to_friendly(far, opening)).news(),
       arrives(going_on.ttl(1))
           .refused(Reason::ttl_exceeded,
                    icmp(node, far, time_exceeded).dont_frag().quotes(going_on.ttl(1)).macs(far.mac, far.gateway))}},
     {"an error about the answers goes where they come from",
      {serves(external, {{friendly, 8080}}), arrives(opening).leaves(led_to_friendly(far, opening)).news(),
       arrives(icmp(far, outside, packet_too_big, 1280).quotes(tcp(outside, far, 80, 4000)))
           .leaves(led_to_friendly(far,
                                   icmp(far, outside, packet_too_big, 1280).quotes(tcp(outside, far, 80, 4000))))}},
     {"a container of another node has this node's address there: its own node may be the backend's",
      {serves(external, {{near, 8080}}), knows(near, 2010),
       arrives(open_from(friendly, 4000, outside, 80))
           .leaves(passed_on(friendly, open_from(node, 4000, near, 8080)).ttl(63))
           .news()}},
     {"and so has a client of a backend that is no container",
      {serves(external, {{near, 8080}}),
       arrives(opening).leaves(passed_on(far, open_from(node, 4000, near, 8080)).ttl(63)).news()}},
     {"what has begun goes on, whatever the service says now",
      {serves(external, {{friendly, 8080}}), arrives(opening).leaves(led_to_friendly(far, opening)).news(),
       serves(external, {{friendly, 8080}}, abi::front_outside), change([](Lab& lab) { lab.bump_front(external); }),
       arrives(going_on).leaves(led_to_friendly(far, going_on)),
       arrives(open_from(far, 4001, outside, 80))
           .leaves(passed_on(far, open_from(node, 4001, friendly, 8080)).ttl(63))
           .news(),
       serves(external, {{friendly, 8080}}), change([](Lab& lab) { lab.bump_front(external); }),
       arrives(tcp(far, outside, 4001, 80)).leaves(passed_on(far, tcp(node, friendly, 4001, 8080)).ttl(63))}},
     {"a backend here needs no tunnel",
      {serves(external, {{web, 8080}}), arrives(opening).to(web, open_from(far, 4000, web, 8080).ttl(63)).news()}}});

PACKET_ROWS(
    led_packets_that_do_not_fit,
    {{"IPv4",
      {serves(external, {{friendly, 8080}}), arrives(opening).leaves(led_to_friendly(far, opening)).news(),
       arrives(going_on.dont_frag().ip_bytes(1473))
           .refused(Reason::too_big, icmp(node, far, packet_too_big, 1472)
                                         .dont_frag()
                                         .quotes(going_on.dont_frag().ip_bytes(1473))
                                         .macs(far.mac, far.gateway)),
       arrives(going_on.dont_frag().ip_bytes(1472)).leaves(led_to_friendly(far, going_on.dont_frag().ip_bytes(1472)))},
      Family::v4},
     {"IPv6",
      {serves(external, {{friendly, 8080}}), arrives(opening).leaves(led_to_friendly(far, opening)).news(),
       arrives(going_on.ip_bytes(1453))
           .refused(Reason::too_big,
                    icmp(node, far, packet_too_big, 1452).quotes(going_on.ip_bytes(1453)).macs(far.mac, far.gateway)),
       arrives(going_on.ip_bytes(1452)).leaves(led_to_friendly(far, going_on.ip_bytes(1452)))},
      Family::v6}});

// No row here has a service: what the other node's are is its affair.
PACKET_ROWS(
    led_here,
    {{"the backend gets the client's packet, and answers it as the service",
      {knows(near, abi::identity_remote_node),
       is_led(web, opening).to(web, open_from(far, 4000, web, 8080).ttl(62)).news(),
       sends(web, tcp(web, far, 8080, 4000).flags(syn | ack))
           .leaves(on_wire(tcp(outside, far, 80, 4000)).flags(syn | ack).macs(web.gateway, web.mac).ttl(63)),
       is_led(web, going_on).to(web, tcp(far, web, 4000, 8080).ttl(62)),
       sends(web, tcp(web, far, 8080, 4000))
           .leaves(on_wire(tcp(outside, far, 80, 4000)).macs(web.gateway, web.mac).ttl(63))}},
     {"decided anew, by a packet or an answer",
      {knows(near, abi::identity_remote_node),
       is_led(web, opening).to(web, open_from(far, 4000, web, 8080).ttl(62)).news(),
       change([](Lab& lab) { lab.bump_global(); }),
       sends(web, tcp(web, far, 8080, 4000).flags(syn | ack))
           .leaves(on_wire(tcp(outside, far, 80, 4000)).flags(syn | ack).macs(web.gateway, web.mac).ttl(63)),
       change([](Lab& lab) { lab.bump_global(); }), is_led(web, going_on).to(web, tcp(far, web, 4000, 8080).ttl(62))}},
     {"the other node has chosen another backend",
      {knows(near, abi::identity_remote_node),
       is_led(web, udp(far, outside, 4000, 53)).to(web, udp(far, web, 4000, 8080).ttl(62)).news(),
       change([](Lab& lab) { lab.bump(web); }),
       is_led(api, udp(far, outside, 4000, 53)).to(api, udp(far, api, 4000, 8080).ttl(62)).news()}},
     {"the container's policy holds, and knows the client",
      {knows(near, abi::identity_remote_node), change([](Lab& lab) {
           lab.policy(web, {abi::ingress}, {{abi::ingress, friendly.identity, abi::proto_tcp, 8080, 5}});
       }),
       is_led(web, opening).dropped(Reason::policy_denied_ingress),
       is_led(web, open_from(friendly, 4000, outside, 80))
           .to(web, open_from(friendly, 4000, web, 8080).ttl(62))
           .news()
           .rule(5)}},
     {"an error about the answers",
      {knows(near, abi::identity_remote_node),
       is_led(web, opening).to(web, open_from(far, 4000, web, 8080).ttl(62)).news(),
       is_led(web, icmp(far, outside, packet_too_big, 1280).quotes(tcp(outside, far, 80, 4000)))
           .to(web, icmp(far, web, packet_too_big, 1280).quotes(tcp(web, far, 8080, 4000)).ttl(62))}},
     {"a process of the node",
      {knows(near, abi::identity_remote_node),
       is_led(node, opening).passes(open_from(far, 4000, node, 8080).ttl(63).macs(near.gateway, near.mac)).news()}},
     {"an address that no container has",
      {knows(near, abi::identity_remote_node), is_led(ghost, opening).dropped(Reason::no_endpoint)}},
     {"only nodes do so: for others it is a datagram like any",
      {arrives(led(near, web, 8080, opening)).to(web, led(near, web, 8080, opening).ttl(63)).news()}},
     {"what does not look like it is a datagram too",
      {knows(near, abi::identity_remote_node),
       arrives(udp(near, web, 8080, 6080).payload(100)).to(web, udp(near, web, 8080, 6080).payload(100).ttl(63)).news(),
       arrives(led(near, web, 8081, opening.cut_to(50)))
           .to(web, led(near, web, 8081, opening.cut_to(50)).ttl(63))
           .news(),
       arrives(led(near, web, 0, opening)).to(web, led(near, web, 0, opening).ttl(63)).news()}}});

}  // namespace
}  // namespace beeline::packet
