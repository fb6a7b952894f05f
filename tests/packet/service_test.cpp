// Services by packet: there, back, to oneself, and the checksums on the way.
#include "tests/packet/lab.h"
#include "tests/packet/show.h"

namespace beeline::packet {
namespace {
const Front http{vip, 80, abi::proto_tcp};
const Front dns{vip, 53, abi::proto_udp};
const Front reserve{outside, 80, abi::proto_tcp};
constexpr std::uint8_t translated = abi::event_translated;

Step offer(const Front& front, const Backends& backends) {
    return change([=](Lab& lab) { lab.service(front, backends); });
}
Packet as_sent_by(const Node& n, const Packet& p) {
    return p.macs(n.gateway, n.mac);
}

PACKET_ROWS(
    service_tcp,
    {
        {"a connection to a service reaches its backend, and what comes back is the service's",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news()
              .about(tcp(client, vip, 4000, 80))
              .backend(web, 8080)
              .flagged(translated)
              .between(1002, 1003),
          sends(web, tcp(web, client, 8080, 4000).flags(syn | ack))
              .to(client, tcp(vip, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80).payload("GET"))
              .to(web, tcp(client, web, 4000, 8080).payload("GET").ttl(63)),
          sends(web, tcp(web, client, 8080, 4000).payload(1000))
              .to(client, tcp(vip, client, 80, 4000).payload(1000).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80).payload(1))
              .to(web, tcp(client, web, 4000, 8080).payload(1).ttl(63))}},
        {"the same port on both sides: only addresses change",
         {offer(http, {{web, 80}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
              .news(),
          sends(web, tcp(web, client, 80, 4000).flags(syn | ack))
              .to(client, tcp(vip, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80)).to(web, tcp(client, web, 4000, 80).ttl(63))}},
        {"a service address outside the service range works as well",
         {offer(reserve, {{web, 8080}}),
          sends(client, tcp(client, outside, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          sends(web, tcp(web, client, 8080, 4000)).to(client, tcp(outside, client, 80, 4000).ttl(63))}},
        {"a backend on the host's network: translated, then up the stack, and back",
         {offer(http, {{host, 9000}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .passes(as_sent_by(client, tcp(client, host, 4000, 9000).flags(syn)))
              .news(),
          host_sends(tcp(host, client, 9000, 4000).flags(syn | ack))
              .to(client, tcp(vip, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80)).passes(as_sent_by(client, tcp(client, host, 4000, 9000)))}},
        {"a host process without socket hooks reaches a service by packet",
         {offer(http, {{web, 8080}}),
          host_sends(tcp(host, vip, 4000, 80).flags(syn)).to(web, tcp(host, web, 4000, 8080).flags(syn).ttl(63)).news(),
          sends(web, tcp(web, host, 8080, 4000).flags(syn | ack))
              .passes(as_sent_by(web, tcp(vip, host, 80, 4000).flags(syn | ack))),
          host_sends(tcp(host, vip, 4000, 80)).to(web, tcp(host, web, 4000, 8080).ttl(63))}},
        {"the world reaches a service by packet",
         {offer(reserve, {{web, 8080}}),
          host_sends(tcp(world, outside, 4000, 80).flags(syn))
              .to(web, tcp(world, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          sends(web, tcp(web, world, 8080, 4000)).passes(as_sent_by(web, tcp(outside, world, 80, 4000)))}},
        {"a connection straight to the backend beside one through the service",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          sends(client, tcp(client, web, 4001, 8080).flags(syn))
              .to(web, tcp(client, web, 4001, 8080).flags(syn).ttl(63))
              .news(),
          sends(web, tcp(web, client, 8080, 4001)).to(client, tcp(web, client, 8080, 4001).ttl(63)),
          sends(web, tcp(web, client, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63))}},
    });

PACKET_ROWS(service_udp,
            {
                {"a datagram to a service, and its answer",
                 {offer(dns, {{web, 5353}}),
                  sends(client, udp(client, vip, 4000, 53))
                      .to(web, udp(client, web, 4000, 5353).ttl(63))
                      .news()
                      .flagged(translated),
                  sends(web, udp(web, client, 5353, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63)),
                  sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)),
                  sends(web, udp(web, client, 5353, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63))}},
                {"the same port number is another service for another protocol",
                 {offer({vip, 53, abi::proto_tcp}, {{api, 5300}}),
                  change([](Lab& lab) { lab.service(dns, {{web, 5353}}, 10); }),
                  sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)).news(),
                  sends(client, tcp(client, vip, 4000, 53).flags(syn))
                      .to(api, tcp(client, api, 4000, 5300).flags(syn).ttl(63))
                      .news()}},
                {"no checksum stays no checksum",
                 {offer(dns, {{web, 5353}}), sends(client, udp(client, vip, 4000, 53).no_checksum())
                                                 .to(web, udp(client, web, 4000, 5353).no_checksum().ttl(63))
                                                 .news()},
                 Family::v4},
                {"SCTP: the address changes, its own checksum knows none",
                 {offer({vip, 132, abi::proto_sctp}, {{web, 132}}),
                  sends(client, sctp(client, vip, 4000, 132)).to(web, sctp(client, web, 4000, 132).ttl(63)).news(),
                  sends(web, sctp(web, client, 132, 4000)).to(client, sctp(vip, client, 132, 4000).ttl(63))}},
            });

PACKET_ROWS(
    hairpin,
    {
        {"a backend that asks its own service meets itself, from the loopback address",
         {offer(http, {{client, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(client, tcp(loopback, client, 4000, 8080).flags(syn).ttl(63))
              .news(),
          sends(client, tcp(client, loopback, 8080, 4000).flags(syn | ack))
              .to(client, tcp(vip, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80).payload("GET"))
              .to(client, tcp(loopback, client, 4000, 8080).payload("GET").ttl(63)),
          sends(client, tcp(client, loopback, 8080, 4000).payload("OK"))
              .to(client, tcp(vip, client, 80, 4000).payload("OK").ttl(63))}},
        {"by datagram too",
         {offer(dns, {{client, 5353}}),
          sends(client, udp(client, vip, 4000, 53)).to(client, udp(loopback, client, 4000, 5353).ttl(63)).news(),
          sends(client, udp(client, loopback, 5353, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63))}},
        {"no policy stops a container from meeting itself",
         {offer(http, {{client, 8080}}), change([](Lab& lab) { lab.policy(client, {abi::ingress, abi::egress}, {}); }),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(client, tcp(loopback, client, 4000, 8080).flags(syn).ttl(63))
              .news(),
          sends(client, tcp(client, loopback, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63))}},
        {"two services in front of the same container, one client port each",
         {offer(http, {{client, 8080}}),
          change([](Lab& lab) { lab.service({vip2, 80, abi::proto_tcp}, {{client, 8080}}, 5); }),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(client, tcp(loopback, client, 4000, 8080).flags(syn).ttl(63))
              .news(),
          sends(client, tcp(client, vip2, 4001, 80).flags(syn))
              .to(client, tcp(loopback, client, 4001, 8080).flags(syn).ttl(63))
              .news(),
          sends(client, tcp(client, loopback, 8080, 4001)).to(client, tcp(vip2, client, 80, 4001).ttl(63)),
          sends(client, tcp(client, loopback, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63))}},
    });

// The datagram whose checksum comes out as 0 after translation is sent with 0xffff; 0 would say "none".
TEST_P(Packets, a_computed_checksum_of_zero_is_sent_as_ffff) {
    const Family family = GetParam().family;
    const std::size_t field = family == Family::v4 ? 14 + 20 + 6 : 14 + 40 + 6;
    const auto body = [](unsigned n) { return std::string{static_cast<char>(n >> 8), static_cast<char>(n)}; };
    for (unsigned n = 0; n < 0x10000; n++) {
        const Packet out = udp(client, web, 4000, 5353).payload(body(n)).ttl(63);
        const Frame frame = out.into(web).frame(family);
        if (frame[field] != 0xff || frame[field + 1] != 0xff) continue;
        run_rows(GetParam(), {{"checksum 0xffff",
                               {offer(dns, {{web, 5353}}),
                                sends(client, udp(client, vip, 4000, 53).payload(body(n))).to(web, out).news()}}});
        return;
    }
    FAIL() << "no body gives this checksum";
}

TEST_P(Packets, every_backend_gets_its_share_of_new_connections) {
    Lab lab(GetParam());
    lab.service(http, {{web, 8080}, {api, 8080}, {other, 8080}});
    std::map<std::string_view, int> chosen;
    const int connections = 300;
    for (int i = 0; i < connections; i++) {
        const auto port = static_cast<std::uint16_t>(10000 + i);
        const Outcome got = lab.datapath().run({abi::Hook::from_container, device_of(client)},
                                               tcp(client, vip, port, 80).flags(syn).frame(lab.family()));
        for (const Node* n : {&web, &api, &other})
            if (got.frame == tcp(client, *n, port, 8080).flags(syn).ttl(63).into(*n).frame(lab.family()))
                chosen[n->name]++;
    }
    // Uniform: 100 each, standard deviation 8.2; six of them.
    for (const Node* n : {&web, &api, &other})
        EXPECT_NEAR(chosen[n->name], connections / 3, 50) << n->name;
    EXPECT_EQ(chosen["web"] + chosen["api"] + chosen["other"], connections);
}

}  // namespace
}  // namespace beeline::packet
