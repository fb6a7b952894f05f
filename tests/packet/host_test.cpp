// The host, the world behind it, and the containers.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {

PACKET_ROWS(
    host_to_container,
    {
        {"a host process reaches a container by its veth, and the egress hook there lets the packet through",
         {host_sends(tcp(host, web, 4000, 80).flags(syn))
              .to(web, tcp(host, web, 4000, 80).flags(syn).ttl(63))
              .news()
              .between(abi::identity_host, 1003),
          then(abi::Hook::to_container, web).passes()}},
        {"the container's answer goes up the host's stack untouched",
         {host_sends(tcp(host, web, 4000, 80).flags(syn)).to(web, tcp(host, web, 4000, 80).flags(syn).ttl(63)).news(),
          sends(web, tcp(web, host, 80, 4000).flags(syn | ack)).passes(),
          host_sends(tcp(host, web, 4000, 80)).to(web, tcp(host, web, 4000, 80).ttl(63)),
          sends(web, tcp(web, host, 80, 4000).payload(99)).passes()}},
        {"the router's address is the host's",
         {host_sends(udp(router, web, 4000, 53)).to(web, udp(router, web, 4000, 53).ttl(63)).news().between(1, 1003),
          sends(web, udp(web, router, 53, 4000)).passes()}},
        {"a ping of the host to a container and its answer",
         {host_sends(echo(host, web, 9)).to(web, echo(host, web, 9).ttl(63)).news(),
          sends(web, echo_reply(web, host, 9)).passes()}},
        {"a packet that the host's stack puts on the veth itself is decided there",
         {stack_sends(web, tcp(host, web, 4000, 80).flags(syn))
              .to(web, tcp(host, web, 4000, 80).flags(syn).ttl(63))
              .news(),
          sends(web, tcp(web, host, 80, 4000).flags(syn | ack)).passes(),
          stack_sends(web, tcp(host, web, 4000, 80)).to(web, tcp(host, web, 4000, 80).ttl(63))}},
        {"what the host sends to nobody's address of the pod range is dropped",
         {host_sends(tcp(host, ghost, 4000, 80).flags(syn)).dropped(abi::Reason::no_endpoint)}},
        {"what from_host passed on passes at the other end of the pair too",
         {host_sends(udp(host, world, 4000, 53)).passes().news(), pair_carries(udp(host, world, 4000, 53)).passes()}},
    });

PACKET_ROWS(
    container_to_host,
    {
        {"a container reaches the host: up the stack, untouched",
         {sends(client, tcp(client, host, 4000, 22).flags(syn)).passes().news().between(1002, abi::identity_host),
          host_sends(tcp(host, client, 22, 4000).flags(syn | ack))
              .to(client, tcp(host, client, 22, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, host, 4000, 22)).passes()}},
        {"a container pings its gateway", {sends(client, echo(client, router, 5)).passes().news()}},
        {"the last hop of a packet to the host is the host's business: TTL 1 passes",
         {sends(client, udp(client, host, 4000, 53).ttl(1)).passes().news()}},
    });

PACKET_ROWS(
    world,
    {
        {"a container reaches the world through the host's stack",
         {sends(client, tcp(client, world, 4000, 443).flags(syn)).passes().news().between(1002, abi::identity_world),
          host_sends(tcp(world, client, 443, 4000).flags(syn | ack))
              .to(client, tcp(world, client, 443, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, world, 4000, 443)).passes(),
          host_sends(tcp(world, client, 443, 4000).payload(700))
              .to(client, tcp(world, client, 443, 4000).payload(700).ttl(63))}},
        {"the world reaches a container",
         {host_sends(tcp(world, web, 4000, 80).flags(syn))
              .to(web, tcp(world, web, 4000, 80).flags(syn).ttl(63))
              .news()
              .between(abi::identity_world, 1003),
          sends(web, tcp(web, world, 80, 4000).flags(syn | ack)).passes()}},
        {"a known peer has its own identity",
         {host_sends(udp(peer_node, web, 4000, 53))
              .to(web, udp(peer_node, web, 4000, 53).ttl(63))
              .news()
              .between(2000, 1003)}},
    });

PACKET_ROWS(
    marks,
    {
        {"what another hook has decided passes the container's egress hook uncounted, its mark bit taken off",
         {stack_sends(web, tcp(world, web, 1, 2)).arriving_marked(mark_bit).passes().marked(0)}},
        {"only our bit is taken off",
         {stack_sends(web, tcp(world, web, 1, 2)).arriving_marked(mark_bit | 0x123).passes().marked(0x123)}},
        {"other bits do not count as decided",
         {stack_sends(web, udp(host, web, 1, 2)).arriving_marked(0x123).to(web, udp(host, web, 1, 2).ttl(63)).news()}},
        {"the bits of others stay on the way to the veth",
         {host_sends(udp(host, web, 1, 2))
              .arriving_marked(0x40)
              .to(web, udp(host, web, 1, 2).ttl(63))
              .news()
              .marked(0x40 | mark_bit)}},
        {"a mark stays on what goes up the stack",
         {sends(client, udp(client, host, 1, 2)).arriving_marked(0x40).passes().news().marked(0x40)}},
        {"our bit means nothing on what a container sends",
         {sends(client, udp(client, ghost, 1, 2)).arriving_marked(mark_bit).dropped(abi::Reason::no_endpoint)}},
    });

// Strict rp_filter: what goes to the host enters by beeline_host.
class HostRedirect : public testing::TestWithParam<Family> {};
TEST_P(HostRedirect, rows) {
    Variant variant;
    variant.family = GetParam();
    variant.host_redirect = true;
    const auto to_host = [](const Packet& in) {
        Step s = sends(client, in).to(host, in.macs(host.mac, host.gateway)).marked(0);
        s.expect.out = in.macs(host.mac, host.gateway);
        return s;
    };
    run_rows(variant,
             {
                 {"a container reaches the host by the host's own device: MACs change, TTL does not",
                  {to_host(tcp(client, host, 4000, 22).flags(syn)).news(), to_host(tcp(client, host, 4000, 22))}},
                 {"and the world", {to_host(udp(client, world, 4000, 53)).news()}},
             });
}
INSTANTIATE_TEST_SUITE_P(Under, HostRedirect, testing::Values(Family::v4, Family::v6));

}  // namespace
}  // namespace beeline::packet
