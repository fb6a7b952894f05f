#include "base/types.h"

#include <fmt/format.h>

#include <charconv>

namespace beeline {

std::string to_string(Proto proto) {
    switch (proto) {
        case Proto::any:
            return "any";
        case Proto::icmp:
            return "ICMP";
        case Proto::tcp:
            return "TCP";
        case Proto::udp:
            return "UDP";
        case Proto::icmp6:
            return "ICMPv6";
        case Proto::sctp:
            return "SCTP";
    }
    return std::to_string(static_cast<unsigned>(proto));
}

Result<Proto> parse_proto(std::string_view text) {
    if (text == "TCP") return Proto::tcp;
    if (text == "UDP") return Proto::udp;
    if (text == "SCTP") return Proto::sctp;
    return fail(Errc::invalid, fmt::format("'{}' is not one of TCP, UDP, SCTP", text));
}

Result<Port> parse_port(std::string_view text) {
    unsigned value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc::result_out_of_range ||
        (error == std::errc{} && stop == end && (value < 1 || value > 65535)))
        return fail(Errc::invalid, fmt::format("'{}' is outside 1-65535", text));
    if (error != std::errc{} || stop != end) return fail(Errc::invalid, fmt::format("'{}' is not a port number", text));
    return Port{static_cast<std::uint16_t>(value)};
}

}  // namespace beeline
