// Nobody speaks with another's address; and addresses that may not be on the wire.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;

PACKET_ROWS(
    source,
    {
        {"another container's address",
         {sends(client, tcp(web, api, 4000, 80).flags(syn).source_mac(client.mac)).dropped(Reason::bad_source)}},
        {"an address of the pod range that nobody has",
         {sends(client, tcp(ghost, api, 4000, 80).flags(syn).macs(client.gateway, client.mac))
              .dropped(Reason::bad_source)}},
        {"an address of the world",
         {sends(client, udp(world, api, 4000, 53).macs(client.gateway, client.mac)).dropped(Reason::bad_source)}},
        {"the host's address",
         {sends(client, udp(host, api, 4000, 53).macs(client.gateway, client.mac)).dropped(Reason::bad_source)}},
        {"the router's address",
         {sends(client, udp(router, api, 4000, 53).macs(client.gateway, client.mac)).dropped(Reason::bad_source)}},
        {"a service address",
         {sends(client, udp(vip, api, 4000, 53).macs(client.gateway, client.mac)).dropped(Reason::bad_source)}},
        {"the loopback address of services",
         {sends(client, udp(loopback, api, 4000, 53).macs(client.gateway, client.mac)).dropped(Reason::bad_source)}},
        {"its own address with another's MAC",
         {sends(client, udp(client, api, 4000, 53).source_mac(web.mac)).dropped(Reason::bad_source)}},
        {"another's address and MAC on one's own wire",
         {sends(client, udp(web, api, 4000, 53)).dropped(Reason::bad_source)}},
        {"another's address in an ICMP error",
         {sends(client, icmp(web, api, port_unreachable).quotes(udp(api, web, 1, 2)).macs(client.gateway, client.mac))
              .dropped(Reason::bad_source)}},
        {"a neighbour's established connection is not carried on by another interface",
         {sends(client, tcp(client, web, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
              .news(),
          sends(web, tcp(web, client, 80, 4000).flags(syn | ack))
              .to(client, tcp(web, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(other, tcp(client, web, 4000, 80)).dropped(Reason::bad_source),
          sends(other, tcp(client, web, 4000, 80).flags(rst)).dropped(Reason::bad_source),
          sends(other, tcp(client, web, 4000, 80).flags(fin | ack)).dropped(Reason::bad_source),
          sends(other, tcp(web, client, 80, 4000)).dropped(Reason::bad_source),
          sends(client, tcp(client, web, 4000, 80)).to(web, tcp(client, web, 4000, 80).ttl(63)),
          sends(web, tcp(web, client, 80, 4000)).to(client, tcp(web, client, 80, 4000).ttl(63))}},
        {"nor by the wire behind the host",
         {sends(client, tcp(client, web, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
              .news(),
          host_sends(tcp(client, web, 4000, 80)).dropped(Reason::bad_source),
          host_sends(tcp(web, client, 80, 4000)).dropped(Reason::bad_source),
          stack_sends(web, tcp(client, web, 4000, 80)).dropped(Reason::bad_source)}},
        {"nor is the world's connection carried on by a container",
         {host_sends(tcp(world, web, 4000, 80).flags(syn)).to(web, tcp(world, web, 4000, 80).flags(syn).ttl(63)).news(),
          sends(other, tcp(world, web, 4000, 80).macs(other.gateway, other.mac)).dropped(Reason::bad_source)}},
        {"a spoofed datagram of a young flow",
         {sends(client, udp(client, web, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          sends(other, udp(client, web, 4000, 53)).dropped(Reason::bad_source),
          sends(other, udp(web, client, 53, 4000)).dropped(Reason::bad_source)}},
        {"the host's side does not speak with an address of the pod range",
         {host_sends(udp(ghost, web, 4000, 53)).dropped(Reason::bad_source),
          host_sends(udp(client, web, 4000, 53)).dropped(Reason::bad_source)}},
        {"a container that has gone gets no answers, and nobody takes its place",
         {sends(client, tcp(client, host, 4000, 80).flags(syn)).passes().news(), change([](Lab& lab) {
              lab.remove_endpoint(client);
              lab.bump(client);
          }),
          host_sends(tcp(host, client, 80, 4000).flags(syn | ack)).dropped(Reason::no_endpoint),
          host_sends(tcp(client, host, 4000, 80)).dropped(Reason::bad_source)}},
        {"a container that moved to another interface goes on there, once the agent says so",
         {sends(client, tcp(client, web, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
              .news(),
          change([](Lab& lab) {
              lab.endpoint(client, Lab::open_policy, device_of(other));
              lab.bump(client);
          }),
          sends(client, tcp(client, web, 4000, 80)).dropped(Reason::bad_source)}},
    });

PACKET_ROWS(martians,
            {
                {"loopback as source",
                 {sends(client, udp(localhost, web, 1, 2).macs(client.gateway, client.mac)).dropped(Reason::martian)}},
                {"loopback as destination", {sends(client, udp(client, localhost, 1, 2)).dropped(Reason::martian)}},
                {"nobody as source",
                 {sends(client, udp(nobody, web, 1, 2).macs(client.gateway, client.mac)).dropped(Reason::martian)}},
                {"nobody as destination", {sends(client, udp(client, nobody, 1, 2)).dropped(Reason::martian)}},
                {"a group as source",
                 {sends(client, udp(group, web, 1, 2).macs(client.gateway, client.mac)).dropped(Reason::martian)}},
                {"from the host's side too",
                 {host_sends(udp(localhost, web, 1, 2).macs(host.gateway, host.mac)).dropped(Reason::martian),
                  host_sends(udp(nobody, web, 1, 2).macs(host.gateway, host.mac)).dropped(Reason::martian)}},
            });

PACKET_ROWS(groups,
            {
                {"a container's multicast ends here",
                 {sends(client, udp(client, group, 5353, 5353)).dropped(Reason::multicast)}},
                {"and its broadcast", {sends(client, udp(client, broadcast, 68, 67)).dropped(Reason::multicast)}},
                {"the host's does not reach containers",
                 {host_sends(udp(host, group, 5353, 5353)).quietly(Reason::absorbed),
                  stack_sends(web, udp(host, group, 5353, 5353)).quietly(Reason::absorbed)}},
            });

}  // namespace
}  // namespace beeline::packet
