// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/lib/parse.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

namespace beeline {
namespace {
using Frame = std::vector<unsigned char>;
using abi::Reason;

Frame frame_of(unsigned short type, const Frame& ip) {
    Frame f(12, 0xee);
    f.push_back(static_cast<unsigned char>(type >> 8));
    f.push_back(static_cast<unsigned char>(type));
    f.insert(f.end(), ip.begin(), ip.end());
    return f;
}
// An IPv4 packet of `proto` from 10.0.0.2 to 10.0.0.3, hop limit 7.
Frame ipv4(unsigned char proto, const Frame& l4, unsigned header = 20) {
    const auto total = static_cast<unsigned>(header + l4.size());
    Frame ip(header, 1);
    const unsigned char fixed[] = {static_cast<unsigned char>(0x40 | header / 4),
                                   0,
                                   static_cast<unsigned char>(total >> 8),
                                   static_cast<unsigned char>(total),
                                   0,
                                   0,
                                   0,
                                   0,
                                   7,
                                   proto,
                                   0,
                                   0,
                                   10,
                                   0,
                                   0,
                                   2,
                                   10,
                                   0,
                                   0,
                                   3};
    std::memcpy(ip.data(), fixed, sizeof fixed);
    ip.insert(ip.end(), l4.begin(), l4.end());
    return frame_of(0x0800, ip);
}
Frame ipv6(unsigned char proto, const Frame& l4) {
    Frame ip(40, 0);
    ip[0] = 0x60;
    ip[5] = static_cast<unsigned char>(l4.size());
    ip[6] = proto;
    ip[7] = 7;
    ip[8] = 0xfd, ip[23] = 2;
    ip[24] = 0xfd, ip[39] = 3;
    ip.insert(ip.end(), l4.begin(), l4.end());
    return frame_of(0x86dd, ip);
}
// Ports 1000 and 80, data offset 5, SYN.
const Frame tcp{0x03, 0xe8, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 0, 0, 0, 0, 0, 0};
const Frame udp{0x03, 0xe8, 0, 53, 0, 8, 0, 0};
const Frame echo4{8, 0, 0, 0, 0x12, 0x34, 0, 1}, reply4{0, 0, 0, 0, 0x12, 0x34, 0, 1};
const Frame echo6{128, 0, 0, 0, 0x12, 0x34, 0, 1}, reply6{129, 0, 0, 0, 0x12, 0x34, 0, 1};

// A copy in a buffer of exactly its size: a byte read beyond is AddressSanitizer's.
template <class F>
Parsed parse_exact(const Frame& frame, Packet<F>& p) {
    static unsigned char none;  // an empty vector's data() may be null, which a frame never is
    Frame exact(frame);
    exact.shrink_to_fit();
    unsigned char* begin = exact.empty() ? &none : exact.data();
    return parse<F>({begin, begin + exact.size()}, p);
}

struct Row {
    const char* sentence;
    Frame frame;
    Parsed parsed;
    Reason reason = Reason::forwarded;
};
Frame with(Frame f, std::size_t at, unsigned char value) {
    f[at] = value;
    return f;
}

template <class F>
void check(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        SCOPED_TRACE(row.sentence);
        Packet<F> p;
        EXPECT_EQ(parse_exact(row.frame, p), row.parsed);
        if (row.parsed == Parsed::refused) EXPECT_STREQ(abi::reason_name(p.reason), abi::reason_name(row.reason));
    }
}

TEST(Parse, ipv4_verdicts) {
    check<V4>({
        {"TCP", ipv4(6, tcp), Parsed::ok},
        {"UDP", ipv4(17, udp), Parsed::ok},
        {"SCTP", ipv4(132, udp), Parsed::ok},
        {"an echo", ipv4(1, echo4), Parsed::ok},
        {"options", ipv4(6, tcp, 60), Parsed::ok},
        {"nothing behind Ethernet", frame_of(0x0800, {}), Parsed::truncated},
        {"ports that are not in hand",
         [] {
             Frame f = ipv4(17, udp);
             f.resize(40);
             return f;
         }(),
         Parsed::truncated},
        {"options that are not in hand",
         [] {
             Frame f = ipv4(17, udp, 60);
             f.resize(50);
             return f;
         }(),
         Parsed::truncated},
        {"version 6", with(ipv4(6, tcp), 14, 0x65), Parsed::refused, Reason::bad_header},
        {"a header of 16 bytes", with(ipv4(6, tcp), 14, 0x44), Parsed::refused, Reason::bad_header},
        {"a total length below the header", with(ipv4(6, tcp), 17, 19), Parsed::refused, Reason::bad_header},
        {"UDP of seven bytes", with(ipv4(17, udp), 17, 27), Parsed::refused, Reason::bad_header},
        {"TCP of nineteen bytes", with(ipv4(6, tcp), 17, 39), Parsed::refused, Reason::bad_header},
        {"TCP with a header of sixteen", with(ipv4(6, tcp), 46, 0x40), Parsed::refused, Reason::bad_header},
        {"TCP with a header beyond the packet", with(ipv4(6, tcp), 46, 0x60), Parsed::refused, Reason::bad_header},
        {"more fragments", with(ipv4(17, udp), 20, 0x20), Parsed::fragment},
        {"a fragment's offset", with(ipv4(17, udp), 21, 1), Parsed::fragment},
        {"a fragment that overwrites TCP's flags", with(ipv4(6, udp), 21, 1), Parsed::refused, Reason::fragment},
        {"don't fragment", with(ipv4(17, udp), 20, 0x40), Parsed::ok},
        {"GRE", ipv4(47, udp), Parsed::refused, Reason::unknown_protocol},
        {"ICMP for IPv6", ipv4(58, echo6), Parsed::refused, Reason::unknown_protocol},
        {"a timestamp", ipv4(1, with(echo4, 0, 13)), Parsed::refused, Reason::icmp_type},
        {"unreachable", ipv4(1, with(echo4, 0, 3)), Parsed::icmp_error},
        {"time exceeded", ipv4(1, with(echo4, 0, 11)), Parsed::icmp_error},
        {"parameter problem", ipv4(1, with(echo4, 0, 12)), Parsed::icmp_error},
        {"a redirect", ipv4(1, with(echo4, 0, 5)), Parsed::refused, Reason::icmp_type},
    });
}

TEST(Parse, ipv6_verdicts) {
    std::vector<Row> rows{
        {"TCP", ipv6(6, tcp), Parsed::ok},
        {"UDP", ipv6(17, udp), Parsed::ok},
        {"an echo", ipv6(58, echo6), Parsed::ok},
        {"version 4", with(ipv6(6, tcp), 14, 0x40), Parsed::refused, Reason::bad_header},
        {"no payload", with(ipv6(17, udp), 19, 0), Parsed::refused, Reason::bad_header},
        {"security payload", ipv6(50, udp), Parsed::refused, Reason::unknown_protocol},
        {"no next header", ipv6(59, udp), Parsed::refused, Reason::unknown_protocol},
        {"ICMP for IPv4", ipv6(1, echo4), Parsed::refused, Reason::unknown_protocol},
        {"type 0", ipv6(58, with(echo6, 0, 0)), Parsed::refused, Reason::icmp_type},
        {"type 5", ipv6(58, with(echo6, 0, 5)), Parsed::refused, Reason::icmp_type},
        {"type 138", ipv6(58, with(echo6, 0, 138)), Parsed::refused, Reason::icmp_type},
    };
    for (const unsigned char header : {0, 43, 44, 51, 60, 135, 139, 140})
        rows.push_back({"an extension header", ipv6(header, udp), Parsed::extensions});
    for (unsigned char type = 1; type <= 4; type++)
        rows.push_back({"an error", ipv6(58, with(echo6, 0, type)), Parsed::icmp_error});
    for (unsigned char type = 130; type <= 137; type++)
        rows.push_back({"discovery", ipv6(58, with(echo6, 0, type)), Parsed::neighbour});
    rows.push_back({"group report", ipv6(58, with(echo6, 0, 143)), Parsed::neighbour});
    check<V6>(rows);
}

// Eight bytes of an extension header, then what follows.
Frame extended(unsigned char next, Frame rest, unsigned char units = 0, unsigned char third = 0) {
    const Frame header{next, units, 0, third, 0, 0, 0, 9};
    rest.insert(rest.begin(), header.begin(), header.end());
    return rest;
}
template <class F>
Parsed parse_all(const Frame& frame, Packet<F>& p) {
    Frame exact(frame);
    return parse_whole<F>({exact.data(), exact.data() + exact.size()}, p);
}

TEST(Parse, extension_headers_are_walked) {
    Packet<V6> p;
    ASSERT_EQ(parse_all(ipv6(0, extended(60, extended(17, udp))), p), Parsed::ok);
    EXPECT_EQ(p.key.proto, 17);
    EXPECT_EQ(p.key.dport, __builtin_bswap16(53));
    EXPECT_EQ(p.l4, 14 + 40 + 16);
    EXPECT_EQ(p.l4_len, 8);
    ASSERT_EQ(parse_all(ipv6(43, extended(17, udp)), p), Parsed::ok) << "a route that is used up";
    ASSERT_EQ(parse_all(ipv6(43, extended(17, udp, 0, 1)), p), Parsed::refused) << "a source route";
    EXPECT_EQ(p.reason, Reason::ipv6_extension);
    ASSERT_EQ(parse_all(ipv6(0, extended(17, udp, 5)), p), Parsed::refused) << "longer than the packet";
    Frame many = udp;
    for (int i = 0; i < 6; i++)
        many = extended(i == 0 ? 17 : 60, many);
    EXPECT_EQ(parse_all(ipv6(60, many), p), Parsed::ok);
    EXPECT_EQ(parse_all(ipv6(60, extended(60, many)), p), Parsed::refused);
    Frame cut = ipv6(60, many);
    cut.resize(14 + 40 + 12);
    EXPECT_EQ(parse_all(cut, p), Parsed::truncated);
}

TEST(Parse, pieces_of_a_packet) {
    Packet<V6> p;
    ASSERT_EQ(parse_all(ipv6(44, extended(17, udp, 0, 1)), p), Parsed::fragment);
    EXPECT_EQ(p.fragment, Part::first);
    EXPECT_EQ(p.key.dport, __builtin_bswap16(53));
    EXPECT_EQ(p.fragment_id, __builtin_bswap32(9));
    ASSERT_EQ(parse_all(ipv6(44, extended(17, udp, 0, 0x10)), p), Parsed::fragment);
    EXPECT_EQ(p.fragment, Part::later);
    EXPECT_EQ(p.key.dport, 0) << "what follows is no header";
    Packet<V4> q;
    ASSERT_EQ(parse_all(with(with(ipv4(17, udp), 20, 0x20), 19, 9), q), Parsed::fragment);
    EXPECT_EQ(q.fragment, Part::first);
    EXPECT_EQ(q.key.dport, __builtin_bswap16(53));
    EXPECT_EQ(q.fragment_id, __builtin_bswap16(9));
    ASSERT_EQ(parse_all(with(ipv4(17, udp), 21, 3), q), Parsed::fragment);
    EXPECT_EQ(q.fragment, Part::later);
    EXPECT_EQ(q.key.sport, 0);
}

TEST(Parse, fields_of_a_tcp_packet) {
    Packet<V4> p;
    ASSERT_EQ(parse_exact(ipv4(6, tcp, 28), p), Parsed::ok);
    EXPECT_EQ(p.key.saddr.be, __builtin_bswap32(0x0a000002));
    EXPECT_EQ(p.key.daddr.be, __builtin_bswap32(0x0a000003));
    EXPECT_EQ(p.key.sport, __builtin_bswap16(1000));
    EXPECT_EQ(p.key.dport, __builtin_bswap16(80));
    EXPECT_EQ(p.key.proto, 6);
    EXPECT_EQ(p.key.zone + p.key.pad, 0) << "they are hashed";
    EXPECT_EQ(p.l4, 14 + 28);
    EXPECT_EQ(p.l4_len, 20);
    EXPECT_EQ(p.l4_header, 20);
    EXPECT_EQ(p.tcp, 2);
    EXPECT_EQ(p.ttl, 7);
}

TEST(Parse, an_echo_and_its_reply_mirror_each_other) {
    Packet<V4> ask, tell;
    parse_exact(ipv4(1, echo4), ask);
    parse_exact(ipv4(1, reply4), tell);
    EXPECT_EQ(ask.key.sport, tell.key.dport);
    EXPECT_EQ(ask.key.sport, __builtin_bswap16(0x1234));
    EXPECT_EQ(ask.key.dport + tell.key.sport, 0);
    Packet<V6> ask6, tell6;
    parse_exact(ipv6(58, echo6), ask6);
    parse_exact(ipv6(58, reply6), tell6);
    EXPECT_EQ(ask6.key.sport, tell6.key.dport);
    EXPECT_EQ(ask6.key.sport, __builtin_bswap16(0x1234));
}

TEST(Parse, a_packet_cut_anywhere_is_never_ok) {
    for (const Frame& whole : {ipv4(6, tcp), ipv4(6, tcp, 60), ipv4(17, udp), ipv4(1, echo4)})
        for (std::size_t bytes = 0; bytes < whole.size(); bytes++) {
            Packet<V4> p;
            EXPECT_EQ(parse_exact(Frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)), p),
                      Parsed::truncated);
        }
    for (const Frame& whole : {ipv6(6, tcp), ipv6(17, udp), ipv6(58, echo6)})
        for (std::size_t bytes = 0; bytes < whole.size(); bytes++) {
            Packet<V6> p;
            EXPECT_EQ(parse_exact(Frame(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(bytes)), p),
                      Parsed::truncated);
        }
}

}  // namespace
}  // namespace beeline
