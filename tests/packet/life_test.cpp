// The life of a packet: what one hook lets out is what the next one gets, and what a server answers to it. Whatever the
// way, the answer must arrive as the mirror of what was sent.
#include <fmt/format.h>

#include <random>

#include "tests/packet/lab.h"
#include "tests/packet/show.h"

namespace beeline::packet {
namespace {

// The frame as the one who got it answers it: MACs, addresses and ports turned round; checksums stay right by that.
Frame mirror(Frame f) {
    const bool v4 = f[12] == 0x08;
    const std::size_t address_bytes = v4 ? 4 : 16, source = v4 ? 26 : 22, ports = v4 ? 34 : 54;
    const auto swap = [&](std::size_t at, std::size_t bytes) {
        for (std::size_t i = 0; i < bytes; i++)
            std::swap(f[at + i], f[at + bytes + i]);
    };
    swap(0, 6);
    swap(source, address_bytes);
    swap(ports, 2);
    return f;
}
// One hop further: TTL is one less, IPv4's checksum with it.
Frame one_hop(Frame f) {
    if (f[12] != 0x08) {
        f[21]--;
        return f;
    }
    f[22]--;
    f[24] = f[25] = 0;
    const auto sum = static_cast<std::uint16_t>(~internet_sum(&f[14], 20));
    f[24] = static_cast<std::uint8_t>(sum >> 8);
    f[25] = static_cast<std::uint8_t>(sum);
    return f;
}
Frame with_macs(Frame f, const Frame& from) {
    std::copy(from.begin(), from.begin() + 12, f.begin());
    return f;
}

const Node* owner_of(const Frame& f) {
    for (const Node* n : containers)
        if (std::equal(n->mac.begin(), n->mac.end(), f.begin())) return n;
    return nullptr;
}

struct Way {
    const char* sentence;
    Node from, to;  // `to` may be a service
    bool by_host = false;
};
const std::vector<Way> ways{
    {"container to container", client, api},
    {"container to service", client, vip},
    {"container to a service outside the range", client, outside},
    {"container to a service that it serves itself", other, vip2},
    {"host to container", host, api, true},
    {"host to service", host, vip, true},
    {"world to container", world, api, true},
    {"world to service", world, outside, true},
};

void offer_all(Lab& lab) {
    std::uint32_t row = 0;
    for (const std::uint8_t proto : {abi::proto_tcp, abi::proto_udp}) {
        lab.service({vip, 80, proto}, {{web, 8080}, {api, 8081}}, row);
        lab.service({outside, 80, proto}, {{web, 8080}}, row + 2);
        lab.service({vip2, 80, proto}, {{other, 8080}}, row + 3);
        row += 4;
    }
}

// There: the packet as it reaches the container, through its egress hook if it came by the veth.
Outcome arrive(Lab& lab, const Way& way, const Frame& sent) {
    const auto hook = way.by_host ? abi::Hook::from_host : abi::Hook::from_container;
    Outcome got = lab.datapath().run({hook, way.by_host ? host_device() : device_of(way.from)}, sent);
    EXPECT_EQ(got.verdict, verdict_redirect);
    EXPECT_EQ(flaw(got.frame), "") << summary(got.frame);
    if ((got.mark & mark_bit) == 0) return got;
    const Node* at = owner_of(got.frame);
    EXPECT_NE(at, nullptr) << "the MAC is nobody's";
    if (!at) return got;
    Outcome through = lab.datapath().run({abi::Hook::to_container, device_of(*at), got.mark}, got.frame);
    EXPECT_EQ(through.verdict, verdict_pass);
    EXPECT_EQ(through.frame, got.frame);
    EXPECT_EQ(through.mark, got.mark & ~mark_bit);
    return through;
}

void there_and_back(Lab& lab, const Way& way, const Packet& p) {
    const Frame sent = p.frame(lab.family());
    const Outcome there = arrive(lab, way, sent);
    const Node* at = owner_of(there.frame);
    ASSERT_NE(at, nullptr) << summary(there.frame);
    const Frame answer = mirror(there.frame);
    const Outcome back = lab.datapath().run({abi::Hook::from_container, device_of(*at)}, answer);
    EXPECT_EQ(flaw(back.frame), "") << summary(back.frame);
    EXPECT_EQ(back.verdict, way.by_host ? verdict_pass : verdict_redirect);
    // To the host's stack only the way there was a hop of ours; and the MACs are the veth's.
    Frame expected = mirror(one_hop(sent));
    if (way.by_host)
        expected = with_macs(expected, answer);
    else
        expected = one_hop(expected);
    EXPECT_EQ(difference(expected, back.frame), "");
}

TEST_P(Packets, an_answer_is_the_mirror_of_its_question_whatever_the_way) {
    Lab lab(GetParam());
    offer_all(lab);
    std::mt19937 random(7);
    for (int round = 0; round < 64; round++) {
        const Way& way = ways[static_cast<std::size_t>(round) % ways.size()];
        const auto port = static_cast<std::uint16_t>(random() % 65535 + 1);
        const bool by_udp = random() % 2;
        Packet p = by_udp ? udp(way.from, way.to, port, 80) : tcp(way.from, way.to, port, 80).flags(syn);
        std::string body(random() % 900, ' ');
        for (char& c : body)
            c = static_cast<char>(random());
        SCOPED_TRACE(
            fmt::format("{}, {} from port {} with {} bytes", way.sentence, by_udp ? "UDP" : "TCP", port, body.size()));
        p = p.payload(body);
        there_and_back(lab, way, p);
        there_and_back(lab, way, by_udp ? p : p.flags(ack));
        if (random() % 4 == 0) lab.bump_global();
        there_and_back(lab, way, by_udp ? p : p.flags(ack | psh));
    }
}

PACKET_ROWS(
    lives,
    {
        {"the host asks a service: two hooks there, one back",
         {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{web, 8080}}); }),
          host_sends(tcp(host, vip, 4000, 80).flags(syn)).to(web, tcp(host, web, 4000, 8080).flags(syn).ttl(63)).news(),
          then(abi::Hook::to_container, web).passes(),
          sends(web, tcp(web, host, 8080, 4000).flags(syn | ack))
              .passes(tcp(vip, host, 80, 4000).flags(syn | ack).macs(web.gateway, web.mac))}},
        {"what is refused at the container's hook leaves by the veth, past the egress hook",
         {sends(client, udp(client, vip, 4000, 53))
              .refused(abi::Reason::no_service, icmp(vip, client, port_unreachable)
                                                    .quotes(udp(client, vip, 4000, 53))
                                                    .dont_frag()
                                                    .macs(client.mac, client.gateway)),
          then(abi::Hook::to_container, client).passes()}},
        {"a packet for the host passes the pair's other end as well",
         {host_sends(udp(world, host, 1, 2)).passes().news(), then(abi::Hook::to_host, host).passes()}},
    });

}  // namespace
}  // namespace beeline::packet
