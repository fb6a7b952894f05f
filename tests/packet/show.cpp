#include "tests/packet/show.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

namespace beeline::packet {

namespace {
struct Line {
    std::string name, value;
};
using Lines = std::vector<Line>;

// Reads on from `at`; what lies beyond the end reads as nothing.
class Reader {
public:
    explicit Reader(const Frame& frame) : frame_(frame) {}
    std::size_t at = 0;

    std::size_t left() const { return frame_.size() - std::min(at, frame_.size()); }
    std::uint32_t number(std::size_t bytes) {
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < bytes; i++, at++)
            value = value << 8 | (at < frame_.size() ? frame_[at] : 0U);
        return value;
    }
    std::string hex(std::size_t bytes, const char* between = "") {
        std::string text;
        for (std::size_t i = 0; i < bytes && at < frame_.size(); i++, at++)
            text += fmt::format("{}{:02x}", i ? between : "", frame_[at]);
        return text;
    }
    std::string addr(int family) {
        const std::size_t bytes = family == AF_INET ? 4 : 16;
        if (left() < bytes) return hex(bytes);
        char text[INET6_ADDRSTRLEN] = {};
        ::inet_ntop(family, &frame_[at], text, sizeof text);
        at += bytes;
        return text;
    }

private:
    const Frame& frame_;
};

const char* name_of(const std::string& addr) {
    for (const Node* n :
         {&client, &web, &api, &other, &host, &router, &world, &peer_node, &ghost, &loopback, &vip, &vip2, &outside})
        if (addr == n->v4 || addr == n->v6) return n->name.data();
    return nullptr;
}
std::string named(const std::string& addr) {
    const char* name = name_of(addr);
    return name ? fmt::format("{} ({})", addr, name) : addr;
}

std::string tcp_flag_text(std::uint32_t flags) {
    std::string text;
    for (int bit = 0; bit < 8; bit++)
        if (flags & (1U << bit)) text += "FSRPAUEC"[bit];
    return text;
}

std::uint8_t show_ip4(Reader& r, Lines& lines) {
    const std::uint32_t first = r.number(1);
    lines.push_back({"ip version, header", fmt::format("{}, {} bytes", first >> 4, (first & 15) * 4)});
    lines.push_back({"ip tos", r.hex(1)});
    lines.push_back({"ip total length", fmt::format("{}", r.number(2))});
    lines.push_back({"ip id", r.hex(2)});
    lines.push_back({"ip fragment", r.hex(2)});
    lines.push_back({"ip ttl", fmt::format("{}", r.number(1))});
    const std::uint32_t proto = r.number(1);
    lines.push_back({"ip protocol", fmt::format("{}", proto)});
    lines.push_back({"ip checksum", r.hex(2)});
    lines.push_back({"ip source", named(r.addr(AF_INET))});
    lines.push_back({"ip destination", named(r.addr(AF_INET))});
    const std::size_t options = (first & 15) > 5 ? ((first & 15) - 5) * 4 : 0;
    if (options) lines.push_back({"ip options", r.hex(options)});
    return static_cast<std::uint8_t>(proto);
}

std::uint8_t show_ip6(Reader& r, Lines& lines) {
    lines.push_back({"ip version, class, label", r.hex(4)});
    lines.push_back({"ip payload length", fmt::format("{}", r.number(2))});
    const std::uint32_t proto = r.number(1);
    lines.push_back({"ip next header", fmt::format("{}", proto)});
    lines.push_back({"ip hop limit", fmt::format("{}", r.number(1))});
    lines.push_back({"ip source", named(r.addr(AF_INET6))});
    lines.push_back({"ip destination", named(r.addr(AF_INET6))});
    return static_cast<std::uint8_t>(proto);
}

void show_tcp(Reader& r, Lines& lines) {
    lines.push_back({"tcp source port", fmt::format("{}", r.number(2))});
    lines.push_back({"tcp destination port", fmt::format("{}", r.number(2))});
    lines.push_back({"tcp seq", fmt::format("{}", r.number(4))});
    lines.push_back({"tcp ack", fmt::format("{}", r.number(4))});
    lines.push_back({"tcp header", fmt::format("{} bytes", (r.number(1) >> 4) * 4)});
    lines.push_back({"tcp flags", tcp_flag_text(r.number(1))});
    lines.push_back({"tcp window", fmt::format("{}", r.number(2))});
    lines.push_back({"tcp checksum", r.hex(2)});
    lines.push_back({"tcp urgent", r.hex(2)});
}

void show_ports(Reader& r, Lines& lines, const char* name) {
    lines.push_back({fmt::format("{} source port", name), fmt::format("{}", r.number(2))});
    lines.push_back({fmt::format("{} destination port", name), fmt::format("{}", r.number(2))});
    lines.push_back({fmt::format("{} length", name), fmt::format("{}", r.number(2))});
    lines.push_back({fmt::format("{} checksum", name), r.hex(2)});
}

void show_icmp(Reader& r, Lines& lines) {
    lines.push_back({"icmp type, code", fmt::format("{}, {}", r.number(1), r.number(1))});
    lines.push_back({"icmp checksum", r.hex(2)});
    lines.push_back({"icmp second word", r.hex(4)});
}

void show_transport(Reader& r, Lines& lines, std::uint8_t proto) {
    if (proto == abi::proto_tcp) show_tcp(r, lines);
    if (proto == abi::proto_udp) show_ports(r, lines, "udp");
    if (proto == abi::proto_sctp) show_ports(r, lines, "sctp");
    if (proto == abi::proto_icmp || proto == abi::proto_icmp6) show_icmp(r, lines);
    for (int row = 0; r.left() > 0; row++)
        lines.push_back({fmt::format("body {:3}", row * 16), r.hex(16, " ")});
}

Lines decode(const Frame& frame) {
    Lines lines;
    Reader r(frame);
    lines.push_back({"eth destination", r.hex(6, ":")});
    lines.push_back({"eth source", r.hex(6, ":")});
    const std::uint32_t type = r.number(2);
    lines.push_back({"eth type", fmt::format("{:04x}", type)});
    std::uint8_t proto = 0;
    if (type == 0x0800) proto = show_ip4(r, lines);
    if (type == 0x86dd) proto = show_ip6(r, lines);
    show_transport(r, lines, proto);
    return lines;
}

std::size_t checksum_place(std::uint8_t proto) {
    if (proto == abi::proto_tcp) return 16;
    if (proto == abi::proto_udp) return 6;
    return proto == abi::proto_icmp || proto == abi::proto_icmp6 ? 2 : 0;
}

// The pseudo header's sum over `length` bytes of transport.
std::uint16_t pseudo_sum(const Frame& f, bool v4, std::uint8_t proto, std::size_t length) {
    if (proto == abi::proto_icmp) return 0;
    const std::size_t from = v4 ? 26 : 22;
    return internet_sum(&f[from], v4 ? 8 : 32, static_cast<std::uint32_t>(proto + length));
}

std::string transport_flaw(const Frame& f, bool v4, std::size_t l4, std::uint8_t proto) {
    const std::size_t place = checksum_place(proto);
    if (place == 0 || f.size() < l4 + place + 2) return {};
    const bool none = f[l4 + place] == 0 && f[l4 + place + 1] == 0;
    if (proto == abi::proto_udp && none) return v4 ? "" : "UDP over IPv6 without a checksum";
    const std::size_t length = f.size() - l4;
    const auto sum = internet_sum(&f[l4], length, pseudo_sum(f, v4, proto, length));
    return sum == 0xffff ? "" : "transport checksum is wrong";
}
}  // namespace

std::string flaw(const Frame& f) {
    if (f.size() < 34) return "no IP header";
    const bool v4 = f[12] == 0x08;
    if (v4 && f[14] >> 4 != 4) return "no IPv4 header";
    if (v4 && internet_sum(&f[14], (f[14] & 15U) * 4U) != 0xffff) return "IP header checksum is wrong";
    const std::size_t stated =
        v4 ? static_cast<std::size_t>(f[16] << 8 | f[17]) : static_cast<std::size_t>(f[18] << 8 | f[19]) + 40;
    if (stated + 14 != f.size()) return fmt::format("IP says {} bytes, the frame holds {}", stated, f.size() - 14);
    const bool piece = v4 ? (f[20] & 0x3f) != 0 || f[21] != 0 : f[20] == 44;  // its checksum is the whole packet's
    if (piece) return {};
    return transport_flaw(f, v4, v4 ? 14 + (f[14] & 15U) * 4U : 54, v4 ? f[23] : f[20]);
}

std::string summary(const Frame& frame) {
    std::string text;
    for (const Line& line : decode(frame))
        if (!line.name.starts_with("body")) text += line.name + " " + line.value + "; ";
    return fmt::format("{} bytes: {}", frame.size(), text);
}

std::string difference(const Frame& expected, const Frame& got) {
    if (expected == got) return {};
    std::string text = fmt::format("  {:26} {:42} {}\n", "", fmt::format("expected ({} bytes)", expected.size()),
                                   fmt::format("got ({} bytes)", got.size()));
    const Lines left = decode(expected), right = decode(got);
    for (std::size_t i = 0; i < std::max(left.size(), right.size()); i++) {
        const Line a = i < left.size() ? left[i] : Line{right[i].name, "-"};
        const Line b = i < right.size() ? right[i] : Line{"", "-"};
        const bool same = a.value == b.value && (b.name.empty() || a.name == b.name);
        const std::string other_name = b.name.empty() || a.name == b.name ? "" : b.name + " ";
        text += fmt::format("{} {:26} {:42} {}{}\n", same ? ' ' : '>', a.name, a.value, other_name, b.value);
    }
    const std::string wrong = flaw(got);
    return wrong.empty() ? text : text + "> and what was got is broken: " + wrong + "\n";
}

}  // namespace beeline::packet
