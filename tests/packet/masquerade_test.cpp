// Containers speak to the world with the node's address: translation both ways, its errors, its ports.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/packet/lab.h"
#include "tests/packet/wire.h"

namespace beeline::packet {
namespace {
using abi::Reason;

const Step opened = sends(client, hello).leaves(masked.flags(syn)).news();
const Packet quoted_out = udp(node, far, 4000, 53).ttl(1);  // as a router on the way saw it
const Step asked = sends(client, udp(client, far, 4000, 53)).leaves(on_wire(udp(node, far, 4000, 53)).ttl(63)).news();

PACKET_ROWS(
    masquerade,
    {
        {"TCP to the world has the node's address, and its own port where that is free",
         {opened,
          arrives(tcp(far, node, 80, 4000).flags(syn | ack))
              .to(client, tcp(far, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, far, 4000, 80).payload(100)).leaves(masked.payload(100)),
          arrives(tcp(far, node, 80, 4000).payload(9)).to(client, tcp(far, client, 80, 4000).payload(9).ttl(63))}},
        {"UDP",
         {asked,
          arrives(udp(far, node, 53, 4000).payload(30)).to(client, udp(far, client, 53, 4000).payload(30).ttl(63)),
          sends(client, udp(client, far, 4000, 53)).leaves(on_wire(udp(node, far, 4000, 53)).ttl(63))}},
        {"an echo keeps its number where that is free",
         {sends(client, echo(client, far, 5000)).leaves(on_wire(echo(node, far, 5000)).ttl(63)).news(),
          arrives(echo_reply(far, node, 5000)).to(client, echo_reply(far, client, 5000).ttl(63))}},
        {"SCTP: its addresses alone",
         {sends(client, sctp(client, far, 40000, 9)).leaves(on_wire(sctp(node, far, 40000, 9)).ttl(63)).news(),
          arrives(sctp(far, node, 9, 40000)).to(client, sctp(far, client, 9, 40000).ttl(63))}},
        {"a UDP datagram without checksum stays without",
         {sends(client, udp(client, far, 4000, 53).no_checksum())
              .leaves(on_wire(udp(node, far, 4000, 53)).no_checksum().ttl(63))
              .news()},
         Family::v4},
        {"on the link as well",
         {sends(client, udp(client, near, 4000, 53)).leaves(on_wire(udp(node, near, 4000, 53)).ttl(63)).news(),
          arrives(udp(near, node, 53, 4000)).to(client, udp(near, client, 53, 4000).ttl(63))}},
        {"a network that is excepted sees the container's address",
         {change([](Lab& lab) { lab.unmask(far); }), sends(client, hello).leaves(on_wire(hello).ttl(63)).news(),
          arrives(tcp(far, client, 80, 4000).flags(syn | ack))
              .to(client, tcp(far, client, 80, 4000).flags(syn | ack).ttl(63))}},
        {"and a flow that began with the node's address keeps it",
         {opened, change([](Lab& lab) {
              lab.unmask(far);
              lab.bump_global();
          }),
          sends(client, tcp(client, far, 4000, 80)).leaves(masked),
          arrives(tcp(far, node, 80, 4000)).to(client, tcp(far, client, 80, 4000).ttl(63))}},
        {"as one that began with the container's own keeps that",
         {change([](Lab& lab) { lab.unmask(far); }), sends(client, hello).leaves(on_wire(hello).ttl(63)).news(),
          change([](Lab& lab) {
              lab.datapath().empty(lab.family() == Family::v4 ? "bl_unmasked4" : "bl_unmasked6");
              lab.bump_global();
          }),
          sends(client, tcp(client, far, 4000, 80)).leaves(on_wire(tcp(client, far, 4000, 80)).ttl(63))}},
        {"a container of another node sees the container's address",
         {sends(client, udp(client, friendly, 4000, 53))
              .leaves(on_wire(udp(client, friendly, 4000, 53)).ttl(63))
              .news()}},
        {"an answer decides anew as the originator's flow, and keeps its port",
         {opened, change([](Lab& lab) { lab.bump_global(); }),
          arrives(tcp(far, node, 80, 4000).flags(syn | ack))
              .to(client, tcp(far, client, 80, 4000).flags(syn | ack).ttl(63)),
          sends(client, tcp(client, far, 4000, 80)).leaves(masked)}},
        {"a policy that forbids the flow cuts it in both directions",
         {opened,
          arrives(tcp(far, node, 80, 4000).flags(syn | ack))
              .to(client, tcp(far, client, 80, 4000).flags(syn | ack).ttl(63)),
          change([](Lab& lab) {
              lab.policy(client, {abi::egress}, {});
              lab.bump(client);
          }),
          arrives(tcp(far, node, 80, 4000)).dropped(Reason::policy_denied_egress),
          sends(client, tcp(client, far, 4000, 80)).dropped(Reason::policy_denied_egress)}},
        {"through a service to a backend behind the gateway",
         {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{far, 8080}}); }),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .leaves(on_wire(tcp(node, far, 4000, 8080)).flags(syn).ttl(63))
              .news(),
          arrives(tcp(far, node, 8080, 4000).flags(syn | ack))
              .to(client, tcp(vip, client, 80, 4000).flags(syn | ack).ttl(63))}},
        {"the host with an address of its own: the port is one of those whose answers are looked at",
         {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{friendly, 8080}}); }),
          host_sends(tcp(node, vip, 4000, 80).flags(syn))
              .leaves(tcp(node, friendly, 4000, 8080).flags(syn).ttl(63))
              .news(),
          arrives(tcp(friendly, node, 8080, 4000).flags(syn | ack))
              .to(host, tcp(vip, node, 80, 4000).flags(syn | ack))
              .marked(0)}},
        {"the host through a service to a backend behind the gateway",
         {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{far, 8080}}); }),
          host_sends(tcp(router, vip, 4000, 80).flags(syn))
              .leaves(tcp(node, far, 4000, 8080).macs(router.gateway, router.mac).flags(syn).ttl(63))
              .news()}},
    });

PACKET_ROWS(
    netdev_errors,
    {
        {"a router's complaint reaches who sent the packet, with its own tuple in it",
         {asked,
          arrives(icmp(gateway, node, time_exceeded).quotes(quoted_out))
              .to(client, icmp(gateway, client, time_exceeded).quotes(udp(client, far, 4000, 53).ttl(1)).ttl(63))}},
        {"also about an echo",
         {sends(client, echo(client, far, 5000)).leaves(on_wire(echo(node, far, 5000)).ttl(63)).news(),
          arrives(icmp(gateway, node, time_exceeded).quotes(echo(node, far, 5000).ttl(1)))
              .to(client, icmp(gateway, client, time_exceeded).quotes(echo(client, far, 5000).ttl(1)).ttl(63))}},
        {"packet too big: the path's MTU gets through",
         {opened,
          arrives(icmp(gateway, node, packet_too_big, 1400).quotes(tcp(node, far, 4000, 80)))
              .to(client, icmp(gateway, client, packet_too_big, 1400).quotes(tcp(client, far, 4000, 80)).ttl(63))}},
        {"the other end's complaint",
         {asked, arrives(icmp(far, node, port_unreachable).quotes(udp(node, far, 4000, 53)))
                     .to(client, icmp(far, client, port_unreachable).quotes(udp(client, far, 4000, 53)).ttl(63))}},
        {"a container's complaint has the node's address, inside and out",
         {asked, arrives(udp(far, node, 53, 4000)).to(client, udp(far, client, 53, 4000).ttl(63)),
          sends(client, icmp(client, far, port_unreachable).quotes(udp(far, client, 53, 4000)))
              .leaves(on_wire(icmp(node, far, port_unreachable)).quotes(udp(far, node, 53, 4000)).ttl(63))}},
        {"about nobody's flow it is the host's",
         {arrives(icmp(gateway, node, time_exceeded).quotes(udp(node, far, 40000, 53))).left_alone(Reason::not_ours)}},
        {"the hop limit ends here, and the node says so",
         {sends(client, hello.ttl(1))
              .refused(Reason::ttl_exceeded, icmp(router, client, time_exceeded)
                                                 .dont_frag()
                                                 .quotes(hello.ttl(1))
                                                 .macs(client.mac, client.gateway))}},
    });

std::uint16_t source_port(const Frame& f) {
    const std::size_t at = f[12] == 0x08 ? 34 : 54;
    return static_cast<std::uint16_t>(f[at] << 8 | f[at + 1]);
}
int verdict_of(Lab& lab, const Packet& p, Frame* out = nullptr, Reason* reason = nullptr) {
    const Outcome got = lab.datapath().run({abi::Hook::from_container, device_of(p.from)}, p.frame(lab.family()));
    if (out) *out = got.frame;
    if (reason && !got.counted.empty()) *reason = got.counted.begin()->first;
    return got.verdict;
}

// Ports that are taken or out of range: another one is found, and the answers go to its flow.
TEST_P(Packets, masquerade_changes_a_port_that_is_not_free) {
    Lab lab(GetParam());
    Frame first, second, high;
    ASSERT_EQ(verdict_of(lab, udp(client, far, 4000, 53), &first), verdict_redirect);
    ASSERT_EQ(verdict_of(lab, udp(api, far, 4000, 53), &second), verdict_redirect);
    ASSERT_EQ(verdict_of(lab, udp(api, far, 50000, 53), &high), verdict_redirect);
    EXPECT_EQ(source_port(first), 4000);
    for (const auto& [frame, sport] : {std::pair(second, 4000), std::pair(high, 50000)}) {
        const std::uint16_t port = source_port(frame);
        EXPECT_NE(port, 4000);
        EXPECT_GE(port, Variant{}.nat_first);
        EXPECT_LE(port, Variant{}.nat_last);
        EXPECT_EQ(frame, udp(node, far, port, 53).macs(api.gateway, api.mac).ttl(63).frame(lab.family()));
        Outcome last;
        run_step(
            lab,
            arrives(udp(far, node, 53, port)).to(api, udp(far, api, 53, static_cast<std::uint16_t>(sport)).ttl(63)),
            last);
    }
    Frame echo_out;
    ASSERT_EQ(verdict_of(lab, echo(client, far, 60000), &echo_out), verdict_redirect);
    const std::size_t number = lab.family() == Family::v4 ? 38 : 58;
    const auto id = static_cast<std::uint16_t>(echo_out[number] << 8 | echo_out[number + 1]);
    EXPECT_EQ(echo_out, on_wire(echo(node, far, id)).ttl(63).frame(lab.family()));
    Outcome last;
    run_step(lab, arrives(echo_reply(far, node, id)).to(client, echo_reply(far, client, 60000).ttl(63)), last);
    run_step(lab,
             arrives(icmp(gateway, node, time_exceeded).quotes(echo(node, far, id).ttl(1)))
                 .to(client, icmp(gateway, client, time_exceeded).quotes(echo(client, far, 60000).ttl(1)).ttl(63)),
             last);
}

// A socket of the host's, bound or listening.
class HostSocket {
public:
    HostSocket(Family family, bool udp, std::uint16_t port)
        : fd_(::socket(family == Family::v4 ? AF_INET : AF_INET6, udp ? SOCK_DGRAM : SOCK_STREAM, 0)) {
        sockaddr_in6 any{};
        any.sin6_family = family == Family::v4 ? AF_INET : AF_INET6;
        any.sin6_port = __builtin_bswap16(port);  // both families have it in the same place
        bound_ = ::bind(fd_, reinterpret_cast<sockaddr*>(&any),
                        family == Family::v4 ? sizeof(sockaddr_in) : sizeof any) == 0;
        if (!udp) bound_ = bound_ && ::listen(fd_, 1) == 0;
    }
    ~HostSocket() { ::close(fd_); }
    HostSocket(const HostSocket&) = delete;
    HostSocket& operator=(const HostSocket&) = delete;
    bool bound() const { return bound_; }

private:
    int fd_;
    bool bound_ = false;
};
TEST_P(Packets, masquerade_keeps_off_the_ports_of_the_hosts_sockets) {
    Lab lab(GetParam());
    const HostSocket listener(lab.family(), false, 4001), datagrams(lab.family(), true, 4002);
    ASSERT_TRUE(listener.bound() && datagrams.bound());
    Frame out;
    ASSERT_EQ(verdict_of(lab, tcp(client, far, 4001, 80).flags(syn), &out), verdict_redirect);
    EXPECT_NE(source_port(out), 4001);
    ASSERT_EQ(verdict_of(lab, udp(client, far, 4002, 53), &out), verdict_redirect);
    EXPECT_NE(source_port(out), 4002);
    ASSERT_EQ(verdict_of(lab, udp(client, far, 4001, 53), &out), verdict_redirect);  // of the other protocol
    EXPECT_EQ(source_port(out), 4001);
}

// Four ports: each destination has them for itself, the fifth flow finds none, and then is not looked for.
TEST_P(Packets, masquerade_without_a_free_port) {
    Variant few = GetParam();
    few.nat_first = 2000;
    few.nat_last = 2003;
    Lab lab(few);
    std::uint16_t sport = 40000;
    for (const Node& to : {far, near})
        for (int i = 0; i < 4; i++)
            EXPECT_EQ(verdict_of(lab, udp(client, to, sport++, 53)), verdict_redirect) << "flow " << i;
    Reason reason{};
    EXPECT_EQ(verdict_of(lab, udp(client, far, sport++, 53), nullptr, &reason), verdict_drop);
    EXPECT_EQ(reason, Reason::nat_no_port);
    EXPECT_EQ(verdict_of(lab, udp(client, far, 40000, 53)), verdict_redirect) << "a flow that has its port";
    lab.forget(udp(client, far, 40000, 53));
    EXPECT_EQ(verdict_of(lab, udp(client, far, sport++, 53), nullptr, &reason), verdict_drop) << "closed for a while";
    EXPECT_EQ(reason, Reason::nat_no_port);
    EXPECT_EQ(verdict_of(lab, udp(client, far, sport++, 54)), verdict_redirect) << "another destination";
}

}  // namespace
}  // namespace beeline::packet
