// How old a flow is and when it may go, as the datapath sees it (abi/flow_age.h).
#pragma once
#include <algorithm>
#include <cstdint>

#include "abi/config.h"
#include "abi/flow_age.h"

namespace beeline::kernel {

// In flow time (64 jiffies), by the names of abi::Config.
struct FlowTimeouts {
    std::uint32_t timeout_tcp_syn, timeout_tcp, timeout_tcp_closing;
    std::uint32_t timeout_udp, timeout_udp_replied, timeout_icmp;
    std::uint32_t close_linger;
};
inline FlowTimeouts timeouts_of(const abi::Config& config) {
    return {config.timeout_tcp_syn,     config.timeout_tcp,  config.timeout_tcp_closing, config.timeout_udp,
            config.timeout_udp_replied, config.timeout_icmp, config.close_linger};
}

// Whatever the other entry says, a flow of this protocol is not over before.
inline std::uint32_t shortest_timeout(abi::u8 proto, const FlowTimeouts& t) {
    switch (proto) {
        case abi::proto_tcp:
            return std::min({t.timeout_tcp_syn, t.timeout_tcp, t.timeout_tcp_closing, t.close_linger});
        case abi::proto_icmp:
        case abi::proto_icmp6:
            return std::min(t.timeout_icmp, t.timeout_tcp_closing);
        default:
            return std::min({t.timeout_udp, t.timeout_udp_replied, t.timeout_tcp_closing});
    }
}

}  // namespace beeline::kernel
