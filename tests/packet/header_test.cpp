// Headers as they should not be, and those we do not take yet.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;
constexpr auto only4 = Family::v4;
constexpr auto only6 = Family::v6;

// Writes bytes at an offset from the IP header.
Packet with_ip(const Packet& p, std::size_t at, std::vector<std::uint8_t> bytes) {
    return p.mangle(
        [=](Frame& f) { std::copy(bytes.begin(), bytes.end(), f.begin() + static_cast<std::ptrdiff_t>(14 + at)); });
}
const Packet question = udp(client, web, 4000, 53);
const Packet opening = tcp(client, web, 4000, 80).flags(syn);
Step refused_as(const Packet& p, Reason reason) {
    return sends(client, p).dropped(reason);
}

PACKET_ROWS(
    bad_headers,
    {
        {"IPv4: a header of less than 20 bytes", {refused_as(with_ip(question, 0, {0x44}), Reason::bad_header)}, only4},
        {"IPv4: another version", {refused_as(with_ip(question, 0, {0x55}), Reason::bad_header)}, only4},
        {"IPv4: a total length below the header's",
         {refused_as(with_ip(question, 2, {0, 19}), Reason::bad_header)},
         only4},
        {"IPv4: a total length that leaves no room for ports",
         {refused_as(with_ip(question, 2, {0, 24}), Reason::bad_header)},
         only4},
        {"IPv4: a total length beyond the frame",
         {refused_as(with_ip(question, 2, {2, 0}), Reason::bad_header)},
         only4},
        {"IPv4: options that reach beyond the total length",
         {refused_as(with_ip(question, 0, {0x4f}), Reason::bad_header)},
         only4},
        {"IPv6: another version", {refused_as(with_ip(question, 0, {0x40}), Reason::bad_header)}, only6},
        {"IPv6: no payload", {refused_as(with_ip(question, 4, {0, 0}), Reason::bad_header)}, only6},
        {"IPv6: a payload that leaves no room for ports",
         {refused_as(with_ip(question, 4, {0, 7}), Reason::bad_header)},
         only6},
        {"IPv6: a payload beyond the frame", {refused_as(with_ip(question, 4, {2, 0}), Reason::bad_header)}, only6},
        {"TCP: a header of less than 20 bytes",
         {refused_as(with_ip(opening, 20 + 12, {0x40}), Reason::bad_header)},
         only4},
        {"TCP: a header beyond the packet", {refused_as(with_ip(opening, 20 + 12, {0xf0}), Reason::bad_header)}, only4},
        {"TCP: a header beyond the packet, IPv6",
         {refused_as(with_ip(opening, 40 + 12, {0xf0}), Reason::bad_header)},
         only6},
        {"on the way of a known flow they are no better",
         {sends(client, question).to(web, question.ttl(63)).news(),
          refused_as(with_ip(question, 0, {0x44}), Reason::bad_header),
          sends(client, question).to(web, question.ttl(63))},
         only4},
        {"bytes after the packet's end are padding, and stay",
         {sends(client, question.mangle([](Frame& f) { f.resize(f.size() + 9, 0); }))
              .to(web, question.ttl(63).mangle([](Frame& f) { f.resize(f.size() + 9, 0); }))
              .news()}},
    });

PACKET_ROWS(
    not_taken,
    {
        {"IPv4: don't fragment is no fragment",
         {sends(client, question.dont_frag()).to(web, question.dont_frag().ttl(63)).news()},
         only4},
        {"IPv6: encapsulated security payload",
         {refused_as(ip_protocol(client, web, 50), Reason::unknown_protocol)},
         only6},
        {"a protocol that is not tracked: GRE", {refused_as(ip_protocol(client, web, 47), Reason::unknown_protocol)}},
        {"no next header", {refused_as(ip_protocol(client, web, 59), Reason::unknown_protocol)}},
        {"IP in IP",
         {refused_as(ip_protocol(client, web, 4), Reason::unknown_protocol),
          refused_as(ip_protocol(client, web, 41), Reason::unknown_protocol)}},
        {"the other family's ICMP", {refused_as(ip_protocol(client, web, 58), Reason::unknown_protocol)}, only4},
        {"ICMP for IPv4 in IPv6", {refused_as(ip_protocol(client, web, 1), Reason::unknown_protocol)}, only6},
        {"an ICMP type that is neither echo nor error",
         {refused_as(icmp(client, web, {13, 0, 150, 0}), Reason::icmp_type),
          refused_as(icmp(client, web, {5, 0, 200, 0}), Reason::icmp_type)}},
        {"from the host's side they are dropped as well",
         {host_sends(ip_protocol(host, web, 47)).dropped(Reason::unknown_protocol),
          stack_sends(web, ip_protocol(host, web, 47)).dropped(Reason::unknown_protocol)}},
    });

// Headers between IPv6's and the transport's stay as they are; the flow behind them is the same.
Step passes_with(const std::vector<std::uint8_t>& numbers) {
    Packet p = question;
    for (const auto number : numbers)
        p = p.extension(number);
    return sends(client, p).to(web, p.ttl(63));
}
// A routing header with segments left sends the packet elsewhere than it says.
Packet source_routed() {
    return question.extension(43).mangle([](Frame& f) { f[14 + 40 + 3] = 1; });
}
PACKET_ROWS(
    ipv6_extensions,
    {
        {"each that there is",
         {passes_with({0}).news(), passes_with({60}), passes_with({43}), passes_with({135}), passes_with({139}),
          passes_with({140})},
         only6},
        {"authentication: its length is counted otherwise",
         {sends(client, question.extension(51).mangle([](Frame& f) { f[14 + 40 + 1] = 0; }))
              .to(web, question.extension(51).mangle([](Frame& f) { f[14 + 40 + 1] = 0; }).ttl(63))
              .news()},
         only6},
        {"several", {passes_with({0, 60, 43, 60}).news()}, only6},
        {"six are walked, seven are not",
         {passes_with({0, 60, 60, 60, 60, 60}).news(),
          refused_as(
              question.extension(0).extension(60).extension(60).extension(60).extension(60).extension(60).extension(60),
              Reason::ipv6_extension)},
         only6},
        {"a source route", {refused_as(source_routed(), Reason::ipv6_extension)}, only6},
        {"one longer than the packet",
         {refused_as(question.extension(0).mangle([](Frame& f) { f[14 + 40 + 1] = 9; }), Reason::ipv6_extension)},
         only6},
        {"through a service, both ways",
         {change([](Lab& lab) { lab.service({vip, 53, abi::proto_udp}, {{web, 5353}}); }),
          sends(client, udp(client, vip, 4000, 53).extension(60))
              .to(web, udp(client, web, 4000, 5353).extension(60).ttl(63))
              .news(),
          sends(web, udp(web, client, 5353, 4000).extension(0).extension(60))
              .to(client, udp(vip, client, 53, 4000).extension(0).extension(60).ttl(63))},
         only6},
        {"a piece that is the whole packet",
         {sends(client, question.piece(0, false)).to(web, question.piece(0, false).ttl(63)).news()},
         only6},
        {"a fragment behind other headers",
         {sends(client, question.payload(16).extension(0).piece(0, true))
              .to(web, question.payload(16).extension(0).piece(0, true).ttl(63))
              .news(),
          sends(client, ip_protocol(client, web, 17).extension(0).piece(3, false))
              .to(web, ip_protocol(client, web, 17).extension(0).piece(3, false).ttl(63))},
         only6},
    });

PACKET_ROWS(ipv4_options, {
                              {"a packet with options passes, its options too",
                               {sends(client, opening.options(8)).to(web, opening.options(8).ttl(63)).news(),
                                sends(client, tcp(client, web, 4000, 80).options(40))
                                    .to(web, tcp(client, web, 4000, 80).options(40).ttl(63))},
                               only4},
                              {"through a service",
                               {change([](Lab& lab) { lab.service({vip, 53, abi::proto_udp}, {{web, 5353}}); }),
                                sends(client, udp(client, vip, 4000, 53).options(40))
                                    .to(web, udp(client, web, 4000, 5353).options(40).ttl(63))
                                    .news(),
                                sends(web, udp(web, client, 5353, 4000).options(4))
                                    .to(client, udp(vip, client, 53, 4000).options(4).ttl(63))},
                               only4},
                          });

PACKET_ROWS(not_ip,
            {
                {"a container's frame that is neither IP nor ARP",
                 {sends(client, ethernet(client.gateway, client.mac, 0x88cc, 50)).quietly(Reason::not_ip_container)}},
                {"a container's tagged frame",
                 {sends(client, ethernet(client.gateway, client.mac, 0x8100, 60)).quietly(Reason::not_ip_container)}},
                {"a container's frame with a length instead of a type",
                 {sends(client, ethernet(client.gateway, client.mac, 60, 60)).quietly(Reason::not_ip_container)}},
            });
Step left_alone(Step s) {
    s = s.passes();
    s.expect.reason = Reason::not_ip;
    return s;
}
PACKET_ROWS(others_frames, {
                               {"on the host's side they are others' business",
                                {left_alone(host_sends(ethernet(host.gateway, host.mac, 0x88cc, 50))),
                                 left_alone(stack_sends(web, ethernet(web.mac, web.gateway, 0x88cc, 50)))}},
                           });

// Whatever is missing at the end: dropped as a bad header, never passed on as new, never answered wrongly.
TEST_P(Packets, cut_at_every_byte) {
    Lab lab(GetParam());
    lab.service({vip, 80, abi::proto_tcp}, {});
    lab.service({vip, 53, abi::proto_udp}, {});
    const std::vector<Packet> whole{opening,
                                    question,
                                    echo(client, web, 7),
                                    sctp(client, web, 1, 2),
                                    tcp(client, vip, 4000, 80).flags(syn),
                                    udp(client, vip, 4000, 53),
                                    icmp(client, web, port_unreachable).quotes(udp(web, client, 1, 2)),
                                    question.options(40),
                                    question.fragment(0x2000)};
    // Linux 6.18 refuses to run less than an IP header; tests/fuzz and bpf/lib/parse_test.cpp go below.
    const std::size_t least = lab.family() == Family::v4 ? 14 + 20 : 14 + 40;
    for (const Packet& p : whole)
        for (std::size_t bytes = least; bytes < p.frame(lab.family()).size(); bytes++) {
            const Outcome got =
                lab.datapath().run({abi::Hook::from_container, device_of(client)}, p.cut_to(bytes).frame(lab.family()));
            const bool drops =
                got.verdict == verdict_drop && got.counted.size() == 1 && abi::is_drop(got.counted.begin()->first);
            EXPECT_TRUE(drops) << bytes << " bytes of " << p.from.name << " to " << p.to.name << ": verdict "
                               << got.verdict;
        }
}

// Every byte of the headers, spoiled: some verdict, one counter, and an answer only to whom it concerns.
TEST_P(Packets, every_header_byte_spoiled) {
    Lab lab(GetParam());
    lab.service({vip, 53, abi::proto_udp}, {{web, 5353}});
    for (const Packet& p : {opening, udp(client, vip, 4000, 53), echo(client, web, 7)}) {
        const Frame whole = p.frame(lab.family());
        for (std::size_t at = 0; at < whole.size(); at++)
            for (const std::uint8_t flip : {0x01, 0x80, 0xff}) {
                Frame spoiled = whole;
                spoiled[at] ^= flip;
                const Outcome got = lab.datapath().run({abi::Hook::from_container, device_of(client)}, spoiled);
                EXPECT_EQ(got.counted.size(), 1U) << "byte " << at;
                EXPECT_TRUE(got.verdict == verdict_drop || got.verdict == verdict_pass ||
                            got.verdict == verdict_redirect)
                    << "byte " << at;
            }
    }
}

}  // namespace
}  // namespace beeline::packet
