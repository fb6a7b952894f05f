// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What both entries of a pair say together, and how long such a flow may be silent: one answer for who takes a tuple
// over (bpf/lib/remember.h), for the collector (bpf/lib/collect.h) and for people (`beeline flow list`).
#pragma once
#include "abi/flow.h"

namespace beeline::abi {

enum class FlowState : u32 {
    opening,      // TCP: the originator has not acknowledged anything yet
    established,  // TCP, half closed ones too: the other half may stay silent for hours
    closing,      // TCP: both FINs, or an RST, that two CPUs saw at once
    closed,       // TCP: … noted in both entries
    denied,       // cut by policy
    one_way,      // UDP, SCTP: nobody answered
    answered,     // UDP, SCTP
    echo,         // ICMP
};

template <class Flow>
__attribute__((always_inline)) inline bool is_reply(const Flow& flow) {
    return (flow.flags & flow_reply) != 0;
}

// The answers do not come by here: the originator's FIN is all that is seen of the end.
template <class Flow>
__attribute__((always_inline)) inline bool ends_alone(const Flow& flow) {
    return flow.deliver == static_cast<u8>(Deliver::tunnel) && (flow.tcp & tcp_fin);
}

// TCP. A SYN that was answered proves nothing: its sender may be made up. An originator that is not there counts as one
// that has acknowledged, if the other side has.
template <class Flow>
__attribute__((always_inline)) inline FlowState tcp_state(const Flow& flow, const Flow* twin) {
    u8 flags = flow.flags, own = flow.tcp, other = 0;
    if (twin) {
        flags = static_cast<u8>(flags | twin->flags);
        other = twin->tcp;
    }
    if (flags & flow_closed) return FlowState::closed;
    if (((own | other) & tcp_rst) || (own & other & tcp_fin)) return FlowState::closing;
    if (ends_alone(flow) || (twin && ends_alone(*twin))) return FlowState::closing;
    const u8 originator = is_reply(flow) && twin ? other : own;
    return originator & tcp_ack ? FlowState::established : FlowState::opening;
}

// The answering side has spoken: its entry has packets.
template <class Flow>
__attribute__((always_inline)) inline bool has_answer(const Flow& flow, const Flow* twin) {
    if (is_reply(flow)) return flow.packets != 0;
    return (flow.flags & flow_replied) || (twin && twin->packets != 0);
}

// `twin` may be null: the other entry is not there.
template <class Flow>
__attribute__((always_inline)) inline FlowState flow_state(u8 proto, const Flow& flow, const Flow* twin) {
    const bool cut = flow.deliver == static_cast<u8>(Deliver::denied);
    if (cut) return FlowState::denied;
    if (proto == proto_tcp) return tcp_state(flow, twin);
    if (proto == proto_icmp || proto == proto_icmp6) return FlowState::echo;
    return has_answer(flow, twin) ? FlowState::answered : FlowState::one_way;
}

// `timeouts` has the names of abi::Config.
template <class Timeouts>
__attribute__((always_inline)) inline u32 timeout_of(FlowState state, const Timeouts& timeouts) {
    switch (state) {
        case FlowState::opening:
            return timeouts.timeout_tcp_syn;
        case FlowState::established:
            return timeouts.timeout_tcp;
        case FlowState::closing:
        case FlowState::denied:
            return timeouts.timeout_tcp_closing;
        case FlowState::closed:
            return timeouts.close_linger;
        case FlowState::one_way:
            return timeouts.timeout_udp;
        case FlowState::answered:
            return timeouts.timeout_udp_replied;
        case FlowState::echo:
            break;
    }
    return timeouts.timeout_icmp;
}

// Time since the last packet; 0 for one that is ahead of the reader's clock. The clock wraps.
constexpr u32 silence(u32 last, u32 now) {
    return static_cast<int>(now - last) > 0 ? now - last : 0;
}
template <class Flow>
__attribute__((always_inline)) inline u32 pair_silence(const Flow& flow, const Flow* twin, u32 now) {
    const u32 own = silence(flow.last, now);
    const u32 other = twin ? silence(twin->last, now) : own;
    return other < own ? other : own;
}

// Of a pair: time since the last packet of either direction, negative for one that is ahead of the reader's clock.
// Both, not the shorter: to choose between them is a jump more on every way that the verifier goes.
struct FlowAge {
    FlowState state;
    int own, other;
};
static_assert(is_wire<FlowAge>);
template <class Flow>
__attribute__((always_inline)) inline FlowAge flow_age(u8 proto, const Flow& flow, const Flow* twin, u32 now) {
    const int own = static_cast<int>(now - flow.last);
    return {flow_state(proto, flow, twin), own, twin ? static_cast<int>(now - twin->last) : own};
}
template <class Timeouts>
__attribute__((always_inline)) inline bool is_over(const FlowAge& age, const Timeouts& timeouts) {
    const int longest = static_cast<int>(timeout_of(age.state, timeouts));
    return age.own > longest && age.other > longest;
}

// bl_candidates: pairs that the agent takes for over, or wants to have gone. bl_collect() (bpf/collect.bpf.cpp) looks
// again at what is there now, and acts.
enum class Collect : u8 {
    nothing = 0,  // ends the list
    mark,         // over: both stamps become stamp_dead, so that the next packet decides anew and renews them
    remove,       // still over and still marked: both entries go
    flush,        // both entries go, whatever they are, from every table
    // Of single entries, while a flow table grows (bpf/lib/move.h):
    copy,    // from the table that was to the one that is
    settle,  // a grace period later: copied entries go from the table that was
};
struct Candidate {
    FlowKey6 key;  // of either entry; a v4 key fills its first 16 bytes
    u8 family;     // 4 or 6
    u8 what;       // Collect
    u8 marked;     // entries marked, removed: answers
    u8 removed;
    u32 pad;
};
static_assert(is_wire<Candidate> && sizeof(Candidate) == 48);
constexpr u32 candidate_rows = 4096;

// bl_crowded, by row of bl_hops: families in which the container behind it has its quota of flows.
enum Crowded : u8 { crowded4 = 1, crowded6 = 2 };

}  // namespace beeline::abi
