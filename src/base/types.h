// Numbers with a meaning: they do not mix, and byte order is not in question (it is host order everywhere above
// the border; conversion happens where abi rows are made).
#pragma once
#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace beeline {

template <class Tag, class Int>
struct Strong {
    Int value{};
    auto operator<=>(const Strong&) const = default;
};
using IdentityId = Strong<struct IdentityTag, std::uint32_t>;
using EndpointId = Strong<struct EndpointTag, std::uint16_t>;
using Ifindex = Strong<struct IfindexTag, std::uint32_t>;
using Generation = Strong<struct GenerationTag, std::uint64_t>;
using RuleId = Strong<struct RuleTag, std::uint32_t>;  // 0: none
using Port = Strong<struct PortTag, std::uint16_t>;    // host order; 0: any

enum class Proto : std::uint8_t { any = 0, icmp = 1, tcp = 6, udp = 17, icmp6 = 58, sctp = 132 };

// "TCP", "UDP", "SCTP", "ICMP", "ICMPv6", "any"; other numbers are printed as they are.
std::string to_string(Proto proto);
// Kubernetes spelling, exactly: TCP, UDP, SCTP.
Result<Proto> parse_proto(std::string_view text);
// 1-65535.
Result<Port> parse_port(std::string_view text);

}  // namespace beeline
