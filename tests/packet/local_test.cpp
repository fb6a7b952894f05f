// Containers of one node, and the host: first packet and established, both directions.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;

PACKET_ROWS(container_to_container,
            {
                {"the first packet of a connection reaches the other container: MACs and TTL change, nothing else",
                 {sends(client, tcp(client, web, 4000, 80).flags(syn))
                      .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
                      .news()
                      .about(tcp(client, web, 4000, 80))
                      .between(1002, 1003)
                      .rule(0)
                      .flagged(0)}},
                {"a connection goes on: its packets are no events",
                 {sends(client, tcp(client, web, 4000, 80).flags(syn))
                      .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
                      .news(),
                  sends(web, tcp(web, client, 80, 4000).flags(syn | ack))
                      .to(client, tcp(web, client, 80, 4000).flags(syn | ack).ttl(63)),
                  sends(client, tcp(client, web, 4000, 80)).to(web, tcp(client, web, 4000, 80).ttl(63)),
                  sends(client, tcp(client, web, 4000, 80).payload(500))
                      .to(web, tcp(client, web, 4000, 80).payload(500).ttl(63)),
                  sends(web, tcp(web, client, 80, 4000).payload("ok"))
                      .to(client, tcp(web, client, 80, 4000).payload("ok").ttl(63))}},
                {"a datagram and its answer",
                 {sends(client, udp(client, web, 5000, 53)).to(web, udp(client, web, 5000, 53).ttl(63)).news(),
                  sends(web, udp(web, client, 53, 5000)).to(client, udp(web, client, 53, 5000).ttl(63)),
                  sends(client, udp(client, web, 5000, 53)).to(web, udp(client, web, 5000, 53).ttl(63)),
                  sends(client, udp(client, web, 5000, 53)).to(web, udp(client, web, 5000, 53).ttl(63))}},
                {"a ping and its answer",
                 {sends(client, echo(client, web, 77)).to(web, echo(client, web, 77).ttl(63)).news(),
                  sends(web, echo_reply(web, client, 77)).to(client, echo_reply(web, client, 77).ttl(63)),
                  sends(client, echo(client, web, 77)).to(web, echo(client, web, 77).ttl(63))}},
                {"SCTP passes untouched",
                 {sends(client, sctp(client, web, 4000, 132)).to(web, sctp(client, web, 4000, 132).ttl(63)).news(),
                  sends(web, sctp(web, client, 132, 4000)).to(client, sctp(web, client, 132, 4000).ttl(63))}},
            });

}  // namespace
}  // namespace beeline::packet
