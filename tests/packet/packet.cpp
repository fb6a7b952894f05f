#include "tests/packet/packet.h"

#include <arpa/inet.h>

#include <algorithm>
#include <stdexcept>

namespace beeline::packet {

namespace {
constexpr std::uint16_t type_ipv4 = 0x0800, type_ipv6 = 0x86dd, type_arp = 0x0806;
constexpr std::size_t ethernet_bytes = 14;

void put8(Frame& f, std::uint8_t value) {
    f.push_back(value);
}
void put16(Frame& f, std::uint16_t value) {
    put8(f, static_cast<std::uint8_t>(value >> 8));
    put8(f, static_cast<std::uint8_t>(value));
}
void put32(Frame& f, std::uint32_t value) {
    put16(f, static_cast<std::uint16_t>(value >> 16));
    put16(f, static_cast<std::uint16_t>(value));
}
template <class Range>
void put(Frame& f, const Range& bytes) {
    f.insert(f.end(), bytes.begin(), bytes.end());
}
void put_addr(Frame& f, const Addr& a, Family family) {
    f.insert(f.end(), a.begin(), a.begin() + (family == Family::v4 ? 4 : 16));
}
void set16(Frame& f, std::size_t at, std::uint16_t value) {
    f[at] = static_cast<std::uint8_t>(value >> 8);
    f[at + 1] = static_cast<std::uint8_t>(value);
}

std::uint8_t protocol_number(const Packet& p, Family family) {
    switch (p.kind) {
        case Kind::tcp:
            return abi::proto_tcp;
        case Kind::udp:
            return abi::proto_udp;
        case Kind::sctp:
            return abi::proto_sctp;
        case Kind::echo:
        case Kind::echo_reply:
        case Kind::icmp:
            return family == Family::v4 ? abi::proto_icmp : abi::proto_icmp6;
        case Kind::other:
            return p.proto;
    }
    return 0;
}

void put_tcp(Frame& f, const Packet& p) {
    put16(f, p.sport);
    put16(f, p.dport);
    put32(f, p.tcp_seq);
    put32(f, p.tcp_flags & ack ? p.tcp_ack : 0);
    put8(f, 5 << 4);
    put8(f, p.tcp_flags);
    put16(f, p.tcp_flags & rst ? 0 : 64240);
    put32(f, 0);
}

void put_icmp(Frame& f, const Packet& p, Family family) {
    const bool v4 = family == Family::v4;
    std::uint8_t type = v4 ? p.icmp_kind.type4 : p.icmp_kind.type6;
    if (p.kind == Kind::echo) type = v4 ? 8 : 128;
    if (p.kind == Kind::echo_reply) type = v4 ? 0 : 129;
    put8(f, type);
    put8(f, p.kind != Kind::icmp ? 0 : v4 ? p.icmp_kind.code4 : p.icmp_kind.code6);
    put16(f, 0);
    const std::uint32_t echo_word = static_cast<std::uint32_t>(p.sport | p.dport) << 16 | 1;
    put32(f, p.kind == Kind::icmp ? p.icmp_word : echo_word);
}

std::size_t transport_bytes(Kind kind) {
    return kind == Kind::tcp ? 20 : kind == Kind::sctp ? 12 : 8;
}
Frame filled(std::size_t bytes) {
    Frame body(bytes);
    for (std::size_t i = 0; i < bytes; i++)
        body[i] = static_cast<std::uint8_t>('a' + i % 26);
    return body;
}

Frame body_of(const Packet& p, Family family) {
    if (!p.quoted)
        return p.total ? filled(*p.total - (family == Family::v4 ? 20 : 40) - transport_bytes(p.kind)) : p.body;
    const auto [about, bytes] = p.quoted(family);
    const Frame whole = about.frame(family);
    const std::size_t header = family == Family::v4 ? 20 + about.option_bytes : 40;
    const auto end = std::min(whole.size(), ethernet_bytes + header + bytes);
    return Frame(whole.begin() + ethernet_bytes, whole.begin() + static_cast<std::ptrdiff_t>(end));
}

// Transport header and body, checksum 0.
Frame transport(const Packet& p, Family family) {
    Frame f;
    const Frame body = body_of(p, family);
    switch (p.kind) {
        case Kind::tcp:
            put_tcp(f, p);
            break;
        case Kind::udp:
            put16(f, p.sport);
            put16(f, p.dport);
            put16(f, static_cast<std::uint16_t>(8 + body.size()));
            put16(f, 0);
            break;
        case Kind::sctp:  // common header; its CRC knows neither addresses nor what this is about
            put16(f, p.sport);
            put16(f, p.dport);
            put32(f, 0x01020304);
            put32(f, 0x05060708);
            break;
        case Kind::echo:
        case Kind::echo_reply:
        case Kind::icmp:
            put_icmp(f, p, family);
            break;
        case Kind::other:
            put32(f, 0xdeadbeef);
            put32(f, 0xdeadbeef);
    }
    put(f, body);
    return f;
}

// Offset of the checksum in the transport header; 0: none.
std::size_t checksum_place(Kind kind) {
    if (kind == Kind::tcp) return 16;
    if (kind == Kind::udp) return 6;
    return kind == Kind::sctp || kind == Kind::other ? 0 : 2;
}

void put_transport_checksum(Frame& l4, const Packet& p, Family family) {
    const std::size_t place = checksum_place(p.kind);
    if (place == 0 || !p.checksum) return;
    const std::uint8_t proto = protocol_number(p, family);
    Frame pseudo;
    if (proto != abi::proto_icmp) {
        put_addr(pseudo, p.from.addr(family), family);
        put_addr(pseudo, p.to.addr(family), family);
        put16(pseudo, proto);
        put16(pseudo, static_cast<std::uint16_t>(l4.size()));
    }
    const auto start = internet_sum(pseudo.data(), pseudo.size());
    auto sum = static_cast<std::uint16_t>(~internet_sum(l4.data(), l4.size(), start));
    if (p.kind == Kind::udp && sum == 0) sum = 0xffff;
    set16(l4, place, sum);
}

Frame header4(const Packet& p, const Frame& l4) {
    Frame f;
    const std::size_t length = 20 + p.option_bytes;
    put8(f, static_cast<std::uint8_t>(0x40 | length / 4));
    put8(f, 0);
    put16(f, static_cast<std::uint16_t>(length + l4.size()));
    put16(f, p.packet_id);
    put16(f, static_cast<std::uint16_t>(p.fragment_word | (p.dont_fragment ? 0x4000 : 0)));
    put8(f, p.hops);
    put8(f, protocol_number(p, Family::v4));
    put16(f, 0);
    put_addr(f, p.from.addr(Family::v4), Family::v4);
    put_addr(f, p.to.addr(Family::v4), Family::v4);
    f.resize(length, 1);  // options: no operation
    set16(f, 10, static_cast<std::uint16_t>(~internet_sum(f.data(), f.size())));
    return f;
}

Frame header6(const Packet& p, const Frame& l4) {
    Frame f;
    const std::uint8_t last = protocol_number(p, Family::v6);
    put32(f, 0x60000000);
    put16(f, static_cast<std::uint16_t>(8 * p.extensions.size() + l4.size()));
    put8(f, p.extensions.empty() ? last : p.extensions.front());
    put8(f, p.hops);
    put_addr(f, p.from.addr(Family::v6), Family::v6);
    put_addr(f, p.to.addr(Family::v6), Family::v6);
    for (std::size_t i = 0; i < p.extensions.size(); i++) {
        put8(f, i + 1 < p.extensions.size() ? p.extensions[i + 1] : last);
        put8(f, 0);
        put16(f, p.extensions[i] == 44 ? p.fragment_word6 : 0);
        put32(f, p.extensions[i] == 44 ? p.packet_id : 0);
    }
    return f;
}

void put_ethernet(Frame& f, const Mac& destination, const Mac& source, std::uint16_t type) {
    put(f, destination);
    put(f, source);
    put16(f, type);
}
}  // namespace

Addr address(std::string_view text) {
    Addr a{};
    const std::string whole(text);
    if (::inet_pton(AF_INET, whole.c_str(), a.data()) == 1) return a;
    if (::inet_pton(AF_INET6, whole.c_str(), a.data()) == 1) return a;
    throw std::invalid_argument("no address: '" + whole + "'");
}

std::uint16_t internet_sum(const std::uint8_t* bytes, std::size_t length, std::uint32_t start) {
    std::uint64_t sum = start;
    for (std::size_t i = 0; i < length; i++)
        sum += i % 2 ? bytes[i] : static_cast<std::uint64_t>(bytes[i]) << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

Packet Packet::payload(std::size_t bytes) const {
    return with([&](Packet& p) { p.body = filled(bytes); });
}
Packet Packet::payload(std::string_view text) const {
    return with([&](Packet& p) { p.body.assign(text.begin(), text.end()); });
}
Packet Packet::fragment(std::uint16_t word) const {
    return with([&](Packet& p) {
        p.fragment_word = p.fragment_word6 = word;
        p.extensions.push_back(44);
    });
}
Packet Packet::piece(std::uint16_t offset, bool more, std::uint16_t id) const {
    return with([&](Packet& p) {
        p.fragment_word = static_cast<std::uint16_t>((more ? 0x2000 : 0) | offset);
        p.fragment_word6 = static_cast<std::uint16_t>(offset << 3 | (more ? 1 : 0));
        p.packet_id = id;
        p.extensions.push_back(44);
    });
}
Packet Packet::quotes(const Packet& about, std::size_t bytes) const {
    return with([&](Packet& p) { p.quoted = [about, bytes](Family) { return std::pair(about, bytes); }; });
}

Frame Packet::frame(Family family) const {
    Frame l4 = transport(*this, family);
    put_transport_checksum(l4, *this, family);
    Frame f;
    put_ethernet(f, dmac.value_or(from.gateway), smac.value_or(from.mac), family == Family::v4 ? type_ipv4 : type_ipv6);
    put(f, family == Family::v4 ? header4(*this, l4) : header6(*this, l4));
    put(f, l4);
    for (const auto& change : mangles)
        change(f);
    if (cut) f.resize(std::min(*cut, f.size()));
    return f;
}

namespace {
Packet basic(Kind kind, const Node& from, const Node& to) {
    Packet p;
    p.kind = kind;
    p.from = from;
    p.to = to;
    return p;
}
Packet ported(Kind kind, const Node& from, const Node& to, std::pair<std::uint16_t, std::uint16_t> ports) {
    Packet p = basic(kind, from, to);
    p.sport = ports.first;
    p.dport = ports.second;
    return p;
}
}  // namespace

Packet tcp(const Node& from, const Node& to, std::uint16_t sport, std::uint16_t dport) {
    return ported(Kind::tcp, from, to, {sport, dport});
}
Packet udp(const Node& from, const Node& to, std::uint16_t sport, std::uint16_t dport) {
    return ported(Kind::udp, from, to, {sport, dport}).payload("hello");
}
Packet sctp(const Node& from, const Node& to, std::uint16_t sport, std::uint16_t dport) {
    return ported(Kind::sctp, from, to, {sport, dport}).payload("hello");
}
Packet echo(const Node& from, const Node& to, std::uint16_t id) {
    return ported(Kind::echo, from, to, {id, 0}).payload("ping");
}
Packet echo_reply(const Node& from, const Node& to, std::uint16_t id) {
    return ported(Kind::echo_reply, from, to, {0, id}).payload("ping");
}
Packet ip_protocol(const Node& from, const Node& to, std::uint8_t proto) {
    Packet p = basic(Kind::other, from, to);
    p.proto = proto;
    return p;
}
Packet icmp(const Node& from, const Node& to, IcmpKind kind, std::uint32_t word) {
    Packet p = basic(Kind::icmp, from, to);
    p.icmp_kind = kind;
    p.icmp_word = word;
    return p;
}

Frame arp(const ArpFields& a) {
    Frame f;
    put_ethernet(f, a.dmac, a.smac, type_arp);
    put16(f, 1);
    put16(f, type_ipv4);
    put8(f, 6);
    put8(f, 4);
    put16(f, a.operation);
    put(f, a.sender_mac);
    put_addr(f, a.sender, Family::v4);
    put(f, a.target_mac);
    put_addr(f, a.target, Family::v4);
    return f;
}

Frame ethernet(const Mac& destination, const Mac& source, std::uint16_t type, std::size_t payload) {
    Frame f;
    put_ethernet(f, destination, source, type);
    f.resize(f.size() + payload, 0x55);
    return f;
}

Frame neighbour(const NdFields& n) {
    Frame l4;
    put8(l4, n.type);
    put8(l4, 0);
    put16(l4, 0);
    put32(l4, n.flags);
    put(l4, n.target);
    if (n.option) {
        put8(l4, n.option);
        put8(l4, 1);
        put(l4, n.option_mac);
    }
    Frame pseudo;
    put(pseudo, n.from);
    put(pseudo, n.to);
    put32(pseudo, static_cast<std::uint32_t>(l4.size()));
    put32(pseudo, abi::proto_icmp6);
    set16(l4, 2,
          static_cast<std::uint16_t>(~internet_sum(l4.data(), l4.size(), internet_sum(pseudo.data(), pseudo.size()))));
    Frame f;
    put_ethernet(f, n.dmac, n.smac, type_ipv6);
    put32(f, 0x60000000);
    put16(f, static_cast<std::uint16_t>(l4.size()));
    put8(f, abi::proto_icmp6);
    put8(f, 255);
    put(f, n.from);
    put(f, n.to);
    put(f, l4);
    return f;
}

}  // namespace beeline::packet
