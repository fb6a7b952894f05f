// What Beeline tells the sender itself: resets and ICMP errors, with what they must carry.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;
const Front http{vip, 80, abi::proto_tcp};
const Front dns{vip, 53, abi::proto_udp};

Step offer(const Front& front, const Backends& backends) {
    return change([=](Lab& lab) { lab.service(front, backends); });
}
// A packet made here, as `n` gets it.
Packet made_for(const Node& n, const Packet& p) {
    return p.dont_frag().macs(n.mac, n.gateway);
}
Packet reset_of_syn(const Packet& in, std::uint32_t bytes) {
    return tcp(in.to, in.from, in.dport, in.sport).flags(rst | ack).numbers(0, in.tcp_seq + bytes);
}
Packet reset_of_ack(const Packet& in) {
    return tcp(in.to, in.from, in.dport, in.sport).flags(rst).numbers(in.tcp_ack, 0);
}
Packet complaint(const Node& from, const Packet& about, IcmpKind kind, std::uint32_t word = 0) {
    return icmp(from, about.from, kind, word).quotes(about);
}

const Packet opening = tcp(client, vip, 4000, 80).flags(syn);
const Packet question = udp(client, vip, 4000, 53);

PACKET_ROWS(
    no_backend,
    {
        {"TCP: reset, acknowledging the SYN",
         {offer(http, {}), sends(client, opening)
                               .refused(Reason::no_backend, made_for(client, reset_of_syn(opening, 1)))
                               .about(opening)}},
        {"TCP: data on the SYN is acknowledged too",
         {offer(http, {}), sends(client, opening.payload(100))
                               .refused(Reason::no_backend, made_for(client, reset_of_syn(opening, 101)))}},
        {"TCP: a sequence number that wraps",
         {offer(http, {}),
          sends(client, opening.numbers(0xffffffff, 0))
              .refused(Reason::no_backend, made_for(client, reset_of_syn(opening.numbers(0xffffffff, 0), 1)))}},
        {"TCP: a segment that acknowledges is reset with the number it expects",
         {offer(http, {}),
          sends(client, opening.flags(ack).numbers(7, 0x12345678).payload(10))
              .refused(Reason::no_backend, made_for(client, reset_of_ack(opening.numbers(7, 0x12345678))))}},
        {"a reset is not answered",
         {offer(http, {}), sends(client, opening.flags(rst)).dropped(Reason::no_backend),
          sends(client, opening.flags(rst | ack)).dropped(Reason::no_backend)}},
        {"UDP: port unreachable, from the service's address, quoting the datagram",
         {offer(dns, {}),
          sends(client, question)
              .refused(Reason::no_backend, made_for(client, complaint(vip, question, port_unreachable)))}},
        {"UDP: an empty datagram is quoted whole",
         {offer(dns, {}),
          sends(client, question.payload(std::size_t{0}))
              .refused(Reason::no_backend,
                       made_for(client, complaint(vip, question.payload(std::size_t{0}), port_unreachable)))}},
        {"UDP: a long datagram is cut down to the answer",
         {offer(dns, {}), sends(client, question.payload(1400))
                              .refused(Reason::no_backend,
                                       made_for(client, complaint(vip, question.payload(1400), port_unreachable)))}},
        {"UDP: IPv4 options stand in the quote, and eight bytes after them",
         {offer(dns, {}),
          sends(client, question.options(8))
              .refused(Reason::no_backend, made_for(client, complaint(vip, question.options(8), port_unreachable)))},
         Family::v4},
        {"UDP: as many options as a header holds",
         {offer(dns, {}),
          sends(client, question.options(40))
              .refused(Reason::no_backend, made_for(client, complaint(vip, question.options(40), port_unreachable)))},
         Family::v4},
        {"TCP with IPv4 options is reset without them",
         {offer(http, {}),
          sends(client, opening.options(12)).refused(Reason::no_backend, made_for(client, reset_of_syn(opening, 1)))},
         Family::v4},
        {"a host process gets its answer by the host's own device",
         {offer(http, {}), offer(dns, {}),
          host_sends(tcp(host, vip, 4000, 80).flags(syn))
              .refused(Reason::no_backend,
                       reset_of_syn(tcp(host, vip, 4000, 80), 1).dont_frag().macs(host.mac, host.gateway)),
          host_sends(udp(host, vip, 4000, 53))
              .refused(Reason::no_backend, complaint(vip, udp(host, vip, 4000, 53), port_unreachable)
                                               .dont_frag()
                                               .macs(host.mac, host.gateway))}},
        {"once it has a backend the same tuple goes there",
         {offer(http, {}),
          sends(client, opening).refused(Reason::no_backend, made_for(client, reset_of_syn(opening, 1))),
          offer(http, {{web, 8080}}),
          sends(client, opening).to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63)).news()}},
    });

PACKET_ROWS(no_service,
            {
                {"a service address on a port that is none: reset",
                 {offer({vip, 81, abi::proto_tcp}, {{web, 8080}}),
                  sends(client, opening).refused(Reason::no_service, made_for(client, reset_of_syn(opening, 1)))}},
                {"an address of the service range that is no service: port unreachable",
                 {sends(client, question)
                      .refused(Reason::no_service, made_for(client, complaint(vip, question, port_unreachable)))}},
                {"a ping to a service address",
                 {offer(http, {{web, 8080}}),
                  sends(client, echo(client, vip, 7))
                      .refused(Reason::no_service,
                               made_for(client, complaint(vip, echo(client, vip, 7), port_unreachable)))}},
                {"the middle of a connection to a service that does not know it: reset",
                 {offer(http, {{web, 8080}}),
                  sends(client, opening.flags(ack).numbers(7, 99))
                      .refused(Reason::no_flow, made_for(client, reset_of_ack(opening.numbers(7, 99))))}},
                {"and its end: silence",
                 {offer(http, {{web, 8080}}), sends(client, opening.flags(rst)).dropped(Reason::no_flow)}},
                {"a spoofed sender is told nothing",
                 {sends(client, udp(web, vip, 1, 2).source_mac(client.mac)).dropped(Reason::bad_source)}},
            });

PACKET_ROWS(hop_limit,
            {
                {"the first packet of a flow with TTL 1: time exceeded, from the router",
                 {sends(client, udp(client, web, 1, 2).ttl(1))
                      .refused(Reason::ttl_exceeded,
                               made_for(client, complaint(router, udp(client, web, 1, 2).ttl(1), time_exceeded)))}},
                {"so with TTL 0",
                 {sends(client, udp(client, web, 1, 2).ttl(0))
                      .refused(Reason::ttl_exceeded,
                               made_for(client, complaint(router, udp(client, web, 1, 2).ttl(0), time_exceeded)))}},
                {"on an established connection too, counted once",
                 {sends(client, tcp(client, web, 4000, 80).flags(syn))
                      .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
                      .news(),
                  sends(client, tcp(client, web, 4000, 80).ttl(1))
                      .refused(Reason::ttl_exceeded,
                               made_for(client, complaint(router, tcp(client, web, 4000, 80).ttl(1), time_exceeded)))}},
                {"TTL 2 is enough",
                 {sends(client, udp(client, web, 1, 2).ttl(2)).to(web, udp(client, web, 1, 2).ttl(1)).news()}},
                {"a service's client sees its own packet quoted, not the translated one",
                 {offer(dns, {{web, 5353}}),
                  sends(client, question.ttl(1))
                      .refused(Reason::ttl_exceeded,
                               made_for(client, complaint(router, question.ttl(1), time_exceeded))),
                  sends(client, question).to(web, udp(client, web, 4000, 5353).ttl(63))}},
                {"the host's stack is told as well",
                 {host_sends(udp(host, web, 1, 2).ttl(1))
                      .refused(Reason::ttl_exceeded, complaint(router, udp(host, web, 1, 2).ttl(1), time_exceeded)
                                                         .dont_frag()
                                                         .macs(host.mac, host.gateway))}},
            });

// Hops: client's MTU is 1500, web's 1400.
Packet big(const Node& from, const Node& to, std::size_t bytes) {
    return tcp(from, to, 4000, 80).ip_bytes(bytes);
}
Packet told_mtu(const Packet& p, std::uint32_t mtu) {
    return made_for(p.from, complaint(router, p, packet_too_big, mtu));
}

PACKET_ROWS(
    too_big,
    {
        {"as long as the next hop takes",
         {sends(client, big(client, web, 1400).flags(syn)).to(web, big(client, web, 1400).flags(syn).ttl(63)).news()}},
        {"one byte more: the sender is told the hop's MTU",
         {sends(client, big(client, web, 1401).flags(syn))
              .refused(Reason::too_big, told_mtu(big(client, web, 1401).flags(syn), 1400))}},
        {"on an established connection",
         {sends(client, big(client, web, 40).flags(syn).ip_bytes(100))
              .to(web, big(client, web, 100).flags(syn).ttl(63))
              .news(),
          sends(client, big(client, web, 1401)).refused(Reason::too_big, told_mtu(big(client, web, 1401), 1400)),
          sends(client, big(client, web, 1400)).to(web, big(client, web, 1400).ttl(63))}},
        {"on an established connection, after other flows have passed: still this hop's MTU",
         {sends(client, big(client, web, 100).flags(syn)).to(web, big(client, web, 100).flags(syn).ttl(63)).news(),
          sends(web, tcp(web, client, 7, 8).flags(syn)).to(client, tcp(web, client, 7, 8).flags(syn).ttl(63)).news(),
          sends(client, big(client, web, 1401)).refused(Reason::too_big, told_mtu(big(client, web, 1401), 1400))}},
        {"the answer's direction has its own hop",
         {sends(client, tcp(client, web, 80, 4000).flags(syn))
              .to(web, tcp(client, web, 80, 4000).flags(syn).ttl(63))
              .news(),
          sends(web, big(web, client, 1500)).to(client, big(web, client, 1500).ttl(63)),
          sends(web, big(web, client, 1501)).refused(Reason::too_big, told_mtu(big(web, client, 1501), 1500))}},
        {"a super-packet is measured by its segments",
         {sends(client, big(client, web, 100).flags(syn)).to(web, big(client, web, 100).flags(syn).ttl(63)).news(),
          sends(client, big(client, web, 3000)).segments(1300).to(web, big(client, web, 3000).ttl(63)),
          sends(client, big(client, web, 3000))
              .segments(1390)
              .refused(Reason::too_big, told_mtu(big(client, web, 3000), 1400))}},
        {"what goes up the stack is the stack's business",
         {sends(client, udp(client, world, 4000, 53).ip_bytes(1600)).passes().news()}},
    });

PACKET_ROWS(
    icmp_errors,
    {
        {"an error about a container's packet goes to that container",
         {sends(client, udp(client, web, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          sends(web, complaint(web, udp(client, web, 4000, 53).ttl(63), port_unreachable))
              .to(client, complaint(web, udp(client, web, 4000, 53).ttl(63), port_unreachable).ttl(63))}},
        {"an error about a service's packet quotes what the client sent",
         {offer(http, {{web, 8080}}),
          sends(client, opening).to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63)).news(),
          sends(web, icmp(web, client, port_unreachable).quotes(tcp(client, web, 4000, 8080).flags(syn).ttl(63)))
              .to(client, icmp(vip, client, port_unreachable).quotes(opening.ttl(63)).ttl(63))}},
        {"a longer quote too",
         {offer(dns, {{web, 5353}}),
          sends(client, question.no_checksum()).to(web, udp(client, web, 4000, 5353).no_checksum().ttl(63)).news(),
          sends(web,
                icmp(web, client, port_unreachable).quotes(udp(client, web, 4000, 5353).no_checksum().ttl(63), 100))
              .to(client, icmp(vip, client, port_unreachable).quotes(question.no_checksum().ttl(63), 100).ttl(63))},
         Family::v4},
        {"and the checksum in it is the client's",
         {offer(dns, {{web, 5353}}), sends(client, question).to(web, udp(client, web, 4000, 5353).ttl(63)).news(),
          sends(web, icmp(web, client, port_unreachable).quotes(udp(client, web, 4000, 5353).ttl(63)))
              .to(client, icmp(vip, client, port_unreachable).quotes(question.ttl(63)).ttl(63))}},
        {"TCP's too, where the quote has it",
         {offer(http, {{web, 8080}}),
          sends(client, opening).to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63)).news(),
          sends(web, icmp(web, client, port_unreachable).quotes(tcp(client, web, 4000, 8080).flags(syn).ttl(63), 20))
              .to(client, icmp(vip, client, port_unreachable).quotes(opening.ttl(63), 20).ttl(63))}},
        {"of one that is its own backend: it hears of the service",
         {offer(http, {{client, 8080}}),
          sends(client, opening).to(client, tcp(loopback, client, 4000, 8080).flags(syn).ttl(63)).news(),
          sends(client,
                icmp(client, loopback, port_unreachable).quotes(tcp(loopback, client, 4000, 8080).flags(syn).ttl(63)))
              .to(client, icmp(vip, client, port_unreachable).quotes(opening.ttl(63)).ttl(63))}},
        {"the client's error about an answer goes to the backend",
         {offer(http, {{web, 8080}}),
          sends(client, opening).to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63)).news(),
          sends(client, icmp(client, vip, port_unreachable).quotes(tcp(vip, client, 80, 4000).ttl(63)))
              .to(web, icmp(client, web, port_unreachable).quotes(tcp(web, client, 8080, 4000).ttl(63)).ttl(63))}},
        {"a router of the world says too big",
         {sends(client, tcp(client, world, 4000, 443).flags(syn)).passes().news(),
          host_sends(icmp(peer_node, client, packet_too_big, 1280).quotes(tcp(client, world, 4000, 443).flags(syn)))
              .to(client, icmp(peer_node, client, packet_too_big, 1280)
                              .quotes(tcp(client, world, 4000, 443).flags(syn))
                              .ttl(63))}},
        {"about a ping",
         {sends(client, echo(client, world, 9)).passes().news(),
          host_sends(icmp(peer_node, client, time_exceeded).quotes(echo(client, world, 9)))
              .to(client, icmp(peer_node, client, time_exceeded).quotes(echo(client, world, 9)).ttl(63))}},
        {"an error about a flow nobody knows is dropped",
         {sends(web, icmp(web, client, port_unreachable).quotes(udp(client, web, 4000, 53)))
              .dropped(Reason::icmp_type)}},
        {"a container may not complain about others' flows",
         {sends(client, udp(client, web, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          sends(other, icmp(other, client, port_unreachable).quotes(udp(client, web, 4000, 53)))
              .dropped(Reason::icmp_type)}},
        {"an error with TTL 1 is not answered by an error",
         {sends(client, udp(client, web, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          sends(web, icmp(web, client, port_unreachable).quotes(udp(client, web, 4000, 53)).ttl(1))
              .dropped(Reason::ttl_exceeded)}},
        {"nor one that is too big",
         {sends(web, udp(web, client, 4000, 53)).to(client, udp(web, client, 4000, 53).ttl(63)).news(),
          sends(client, icmp(client, web, port_unreachable).quotes(udp(web, client, 4000, 53).payload(1490), 1490))
              .dropped(Reason::too_big)}},
        {"an error that quotes too little",
         {sends(client, udp(client, web, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          sends(web, icmp(web, client, port_unreachable).quotes(udp(client, web, 4000, 53), 2))
              .dropped(Reason::icmp_type)}},
        {"an error about an error",
         {sends(web, icmp(web, client, port_unreachable).quotes(icmp(client, web, port_unreachable)))
              .dropped(Reason::icmp_type)}},
    });

}  // namespace
}  // namespace beeline::packet
