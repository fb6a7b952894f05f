// Packets as values, spelled in one line: tcp(client, web, 4000, 80).syn(). One spelling serves both families; frame()
// makes the bytes, with right lengths and checksums unless told otherwise.
#pragma once
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "tests/packet/world.h"

namespace beeline::packet {

using Frame = std::vector<std::uint8_t>;

enum TcpFlag : std::uint8_t { fin = 1, syn = 2, rst = 4, psh = 8, ack = 16 };

// Types and codes of an ICMP message in each family.
struct IcmpKind {
    std::uint8_t type4, code4, type6, code6;
};
inline constexpr IcmpKind port_unreachable{3, 3, 1, 4};
inline constexpr IcmpKind time_exceeded{11, 0, 3, 0};
inline constexpr IcmpKind packet_too_big{3, 4, 2, 0};

enum class Kind { tcp, udp, sctp, echo, echo_reply, icmp, other };

struct Packet {
    Kind kind = Kind::other;
    Node from{}, to{};
    std::uint16_t sport = 0, dport = 0;
    std::uint8_t tcp_flags = ack;
    std::uint32_t tcp_seq = 1000, tcp_ack = 2000;
    std::uint8_t hops = 64;
    std::uint8_t proto = 0;  // of Kind::other
    IcmpKind icmp_kind{};
    std::uint32_t icmp_word = 0;             // second word of an ICMP header that is no echo
    Frame body{};                            // after the transport header
    std::optional<Mac> smac{}, dmac{};       // else those of a frame from `from` to its gateway
    std::size_t option_bytes = 0;            // of the IPv4 header
    std::vector<std::uint8_t> extensions{};  // IPv6 extension headers by number, 8 bytes each
    std::uint16_t fragment_word = 0;         // IPv4
    std::uint16_t fragment_word6 = 0;        // IPv6
    std::uint16_t packet_id = 0;             // what the pieces of one packet share
    bool dont_fragment = false;
    std::function<std::pair<Packet, std::size_t>(Family)> quoted{};  // the packet an ICMP error speaks of
    std::vector<std::function<void(Frame&)>> mangles{};              // done to the frame at last
    bool checksum = true;
    std::optional<std::size_t> cut{};    // bytes of the frame that are left
    std::optional<std::size_t> total{};  // bytes of the IP packet: the body is made to fit

    Packet flags(std::uint8_t f) const {
        return with([&](Packet& p) { p.tcp_flags = f; });
    }
    Packet numbers(std::uint32_t s, std::uint32_t a) const {
        return with([&](Packet& p) { p.tcp_seq = s, p.tcp_ack = a; });
    }
    Packet ttl(std::uint8_t n) const {
        return with([&](Packet& p) { p.hops = n; });
    }
    Packet payload(std::size_t bytes) const;
    Packet payload(std::string_view text) const;
    Packet ip_bytes(std::size_t bytes) const {
        return with([=](Packet& p) { p.total = bytes; });
    }
    // As it stands in the frame that is delivered to this container.
    Packet into(const Node& n) const {
        return with([&](Packet& p) { p.dmac = n.mac, p.smac = n.gateway; });
    }
    Packet macs(const Mac& destination, const Mac& source) const {
        return with([&](Packet& p) { p.dmac = destination, p.smac = source; });
    }
    Packet source_mac(const Mac& m) const {
        return with([&](Packet& p) { p.smac = m; });
    }
    Packet destination_mac(const Mac& m) const {
        return with([&](Packet& p) { p.dmac = m; });
    }
    Packet options(std::size_t bytes) const {
        return with([&](Packet& p) { p.option_bytes = bytes; });
    }
    Packet extension(std::uint8_t number) const {
        return with([&](Packet& p) { p.extensions.push_back(number); });
    }
    // IPv4: the fragment field, more-fragments bit 0x2000 and offset; IPv6: a fragment header.
    Packet fragment(std::uint16_t word) const;
    // A piece of a longer packet, in either family: where it begins, in units of eight bytes, and whether more follow.
    Packet piece(std::uint16_t offset, bool more, std::uint16_t id = 77) const;
    Packet dont_frag() const {
        return with([&](Packet& p) { p.dont_fragment = true; });
    }
    Packet no_checksum() const {
        return with([&](Packet& p) { p.checksum = false; });
    }
    Packet mangle(std::function<void(Frame&)> fn) const {
        return with([&](Packet& p) { p.mangles.push_back(std::move(fn)); });
    }
    Packet cut_to(std::size_t bytes) const {
        return with([&](Packet& p) { p.cut = bytes; });
    }
    // An ICMP error about `p`, quoting its IP header and `bytes` after it.
    Packet quotes(const Packet& p, std::size_t bytes = 8) const;

    Frame frame(Family family) const;

private:
    template <class Change>
    Packet with(Change&& change) const {
        Packet copy = *this;
        change(copy);
        return copy;
    }
};

Packet tcp(const Node& from, const Node& to, std::uint16_t sport, std::uint16_t dport);
Packet udp(const Node& from, const Node& to, std::uint16_t sport, std::uint16_t dport);
Packet sctp(const Node& from, const Node& to, std::uint16_t sport, std::uint16_t dport);
Packet echo(const Node& from, const Node& to, std::uint16_t id);
Packet echo_reply(const Node& from, const Node& to, std::uint16_t id);
Packet ip_protocol(const Node& from, const Node& to, std::uint8_t proto);
// Not an echo; `word` is the second word of its header.
Packet icmp(const Node& from, const Node& to, IcmpKind kind, std::uint32_t word = 0);

// Frames below IP, whole.
struct ArpFields {
    Mac dmac, smac;
    std::uint16_t operation;
    Mac sender_mac;
    Addr sender;
    Mac target_mac;
    Addr target;
};
Frame arp(const ArpFields& fields);
Frame ethernet(const Mac& destination, const Mac& source, std::uint16_t type, std::size_t payload);
// Neighbour discovery: `type` with target address and, if given, a link-layer address option (1 source, 2 target).
struct NdFields {
    Mac dmac, smac;
    Addr from, to;
    std::uint8_t type;
    std::uint32_t flags;
    Addr target;
    std::uint8_t option;
    Mac option_mac;
};
Frame neighbour(const NdFields& fields);

// One's complement sum of bytes as big-endian words, folded.
std::uint16_t internet_sum(const std::uint8_t* bytes, std::size_t length, std::uint32_t start = 0);

}  // namespace beeline::packet
