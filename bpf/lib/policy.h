// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stages check_egress and check_ingress: NetworkPolicy, on the translated tuple, once a flow.
#pragma once
#include "bpf/lib/identity.h"

namespace beeline {

struct Ask {
    u64 word;  // the endpoint's policy
    u32 peer;
    u16 port;
    u8 proto;
    abi::Direction direction;
};
struct Answer {
    bool allowed;
    u32 rule;
};

// Between functions: the rule in the lower half.
constexpr u64 answer_allowed = 1ull << 32, answer_found = 1ull << 33;

// `what`: port, protocol << 16, direction << 24.
INLINE u32 what_of(const Ask& ask) {
    return ask.port | static_cast<u32>(ask.proto) << 16 | static_cast<u32>(ask.direction) << 24;
}
INLINE Ask ask_of(u64 word, u32 peer, u32 what) {
    const auto direction = static_cast<abi::Direction>(what >> 24 & 1);
    return {word, peer, static_cast<u16>(what), static_cast<u8>(what >> 16), direction};
}

// One of the six shapes of rows.
INLINE u64 ask_shape(const Ask& ask, u32 shape) {
    constexpr u32 exact_peer = abi::shape_peer_port | abi::shape_peer_proto | abi::shape_peer_all;
    constexpr u32 exact_port = abi::shape_peer_port | abi::shape_any_port;
    constexpr u32 all_protos = abi::shape_peer_all | abi::shape_any_all;
    abi::PolicyKey key = {
        .set = abi::policy_set_of(ask.word),
        .peer = is_set(shape & exact_peer) * ask.peer,
        .port = static_cast<u16>(is_set(shape & exact_port) * ask.port),
        .proto = static_cast<u8>((1 - is_set(shape & all_protos)) * ask.proto),
        .direction = ask.direction,
    };
    abi::PolicyRow row;
    if (read_row(bl_policy, key, row) != Found::yes) return 0;
    bool allowed = row.verdict == static_cast<u32>(abi::PolicyVerdict::allow);
    return answer_found | (allowed ? answer_allowed : 0) | row.rule;
}

}  // namespace beeline

// Verified once, whatever the number of callers.
extern "C" {
SHARED beeline::u64 bl_ask_shape(beeline::u64 word, beeline::u32 peer, beeline::u32 what, beeline::u32 shape) {
    return beeline::ask_shape(beeline::ask_of(word, peer, what), shape);
}
// The most exact row decides; none means denied. A shape is asked for only if the set has rows of it.
SHARED beeline::u64 bl_ask_policy(beeline::u64 word, beeline::u32 peer, beeline::u32 what) {
    using namespace beeline;
    const u32 shapes = abi::policy_shapes(word, ask_of(word, peer, what).direction);
#pragma clang loop unroll(disable)
    for (u32 shape = 1; shape <= abi::shape_any_all; shape <<= 1) {
        const u64 answer = shapes & shape ? bl_ask_shape(word, peer, what, shape) : 0;
        if (answer & answer_found) return answer;
    }
    return 0;
}
}

namespace beeline {

INLINE Answer ask_policy(const Ask& ask) {
    if (ask.word == 0) return {false, 0};  // no policy yet: nothing passes
    if (!abi::policy_isolates(ask.word, ask.direction)) return {true, 0};
    u64 answer = bl_ask_policy(ask.word, ask.peer, what_of(ask));
    return {(answer & answer_allowed) != 0, static_cast<u32>(answer)};
}

// ICMP has no ports for policy: its rows are those without a port.
template <class F>
INLINE u16 policy_port(const Work<F>& w, u16 port) {
    return w.origin.proto == F::icmp ? static_cast<u16>(0) : port;
}

// The host reaches its own containers whatever the policy (kubelet's probes); nobody can forbid a container itself.
template <class F>
INLINE bool exempt(const Work<F>& w) {
    return w.hairpin || (w.source.local && w.source.ifindex == w.destination.ifindex) ||
           (!w.source.local && w.source.identity == abi::identity_host);
}

template <class F>
INLINE Verdict check_egress(Work<F>& w) {
    if (!w.source.local || exempt<F>(w)) return proceed();
    Answer a = ask_policy(
        {w.source.policy, w.destination.identity, policy_port<F>(w, w.sent.dport), w.origin.proto, abi::egress});
    w.rule = a.rule;
    if (!a.allowed) return drop(abi::Reason::policy_denied_egress);
    return proceed();
}

template <class F>
INLINE Verdict check_ingress(Work<F>& w) {
    if (!w.destination.local || exempt<F>(w)) return proceed();
    Answer a = ask_policy(
        {w.destination.policy, w.source.identity, policy_port<F>(w, w.sent.dport), w.origin.proto, abi::ingress});
    if (a.rule || !a.allowed) w.rule = a.rule;
    if (!a.allowed) return drop(abi::Reason::policy_denied_ingress);
    return proceed();
}

// A TCP packet without SYN that has no flow may be the denied side's half of a connection that was cut: it is
// admitted only if policy allows the tuple in both orientations.
template <class F>
INLINE Verdict check_midstream(Work<F>& w) {
    if (w.origin.proto != abi::proto_tcp || w.redecided || opens<F>(w)) return proceed();
    if (exempt<F>(w)) return proceed();
    u16 port = w.origin.sport;
    bool out = !w.destination.local ||
               ask_policy({w.destination.policy, w.source.identity, port, w.origin.proto, abi::egress}).allowed;
    bool in = !w.source.local || w.destination.identity == abi::identity_host ||
              ask_policy({w.source.policy, w.destination.identity, port, w.origin.proto, abi::ingress}).allowed;
    return out && in ? proceed() : drop(abi::Reason::no_flow);
}

template <class F>
INLINE Verdict check_policy(Work<F>& w) {
    STAGE(check_egress<F>(w));
    STAGE(check_ingress<F>(w));
    return check_midstream<F>(w);
}

}  // namespace beeline
