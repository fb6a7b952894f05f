// How old a flow is and when it may go: pure, shared by the collector and `beeline flow list`.
#pragma once
#include "abi/config.h"
#include "kernel/family.h"

namespace beeline::kernel {

struct FlowTimeouts {  // in flow time (64 jiffies), as the datapath has them
    std::uint32_t tcp_syn, tcp, tcp_closing, udp, udp_replied, icmp;
};
inline FlowTimeouts timeouts_of(const abi::Config& config) {
    return {config.timeout_tcp_syn, config.timeout_tcp,         config.timeout_tcp_closing,
            config.timeout_udp,     config.timeout_udp_replied, config.timeout_icmp};
}

// What both entries of a pair say together.
struct PairState {
    abi::u8 proto = 0;
    abi::u8 flags = 0;  // union
    bool replied = false, both_fin = false, rst = false, denied = false;
    std::uint32_t last = 0;  // the younger
};

// a is later than b on a clock that wraps.
inline bool later(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b) > 0;
}

// The answering side has spoken: its entry has packets, or the datapath said so.
template <class Flow>
bool answers(const Flow& flow) {
    return (flow.flags & abi::flow_replied) != 0 || ((flow.flags & abi::flow_reply) != 0 && flow.packets != 0);
}

// `twin` may be null: the other entry is not there.
template <class Key, class Flow>
PairState pair_state(const Key& key, const Flow& flow, const Flow* twin) {
    PairState state{.proto = key.proto,
                    .flags = flow.flags,
                    .replied = answers(flow),
                    .rst = (flow.tcp & abi::tcp_rst) != 0,
                    .denied = flow.deliver == static_cast<abi::u8>(abi::Deliver::denied),
                    .last = flow.last};
    if (twin == nullptr) return state;
    state.flags |= twin->flags;
    state.replied |= answers(*twin);
    state.both_fin = (flow.tcp & twin->tcp & abi::tcp_fin) != 0;
    state.rst |= (twin->tcp & abi::tcp_rst) != 0;
    if (later(twin->last, flow.last)) state.last = twin->last;
    return state;
}

inline bool is_closing(const PairState& state) {
    return (state.flags & abi::flow_closed) != 0 || state.both_fin || state.rst;
}

inline std::uint32_t timeout_of(const PairState& state, const FlowTimeouts& timeouts) {
    switch (state.proto) {
        case abi::proto_tcp:
            if (state.denied || is_closing(state)) return timeouts.tcp_closing;
            return state.replied ? timeouts.tcp : timeouts.tcp_syn;
        case abi::proto_icmp:
        case abi::proto_icmp6:
            return timeouts.icmp;
        default:
            return state.replied ? timeouts.udp_replied : timeouts.udp;
    }
}

// Time since the last packet; 0 for a stamp that is ahead of our clock by rounding.
inline std::uint32_t idle_of(const PairState& state, std::uint32_t now) {
    return later(now, state.last) ? now - state.last : 0;
}

}  // namespace beeline::kernel
