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

// One of the six shapes of rows; made only if the set has rows of that shape.
INLINE bool ask_shape(const Ask& ask, u32 shape, Answer& answer) {
    if (!(abi::policy_shapes(ask.word, ask.direction) & shape)) return false;
    constexpr u32 exact_peer = abi::shape_peer_port | abi::shape_peer_proto | abi::shape_peer_all;
    constexpr u32 exact_port = abi::shape_peer_port | abi::shape_any_port;
    constexpr u32 all_protos = abi::shape_peer_all | abi::shape_any_all;
    abi::PolicyKey key = {
        .set = abi::policy_set_of(ask.word),
        .peer = shape & exact_peer ? ask.peer : 0,
        .port = shape & exact_port ? ask.port : static_cast<u16>(0),
        .proto = shape & all_protos ? static_cast<u8>(0) : ask.proto,
        .direction = ask.direction,
    };
    abi::PolicyRow row;
    if (read_row(bl_policy, key, row) != Found::yes) return false;
    answer.allowed = row.verdict == static_cast<u32>(abi::PolicyVerdict::allow);
    answer.rule = row.rule;
    return true;
}

// The most exact row decides; none means denied.
INLINE Answer ask_shapes(const Ask& ask) {
    Answer answer = {false, 0};
#pragma clang loop unroll(disable)
    for (u32 shape = 1; shape <= abi::shape_any_all; shape <<= 1)
        if (ask_shape(ask, shape, answer)) break;
    return answer;
}

}  // namespace beeline

// ask_shapes() verified once, whatever the number of its callers. `what`: port, protocol << 16, direction << 24.
// Returns the rule, and 1 << 32 if it allows.
extern "C" SHARED beeline::u64 bl_ask_policy(beeline::u64 word, beeline::u32 peer, beeline::u32 what) {
    using namespace beeline;
    const auto direction = static_cast<abi::Direction>(what >> 24 & 1);
    const Answer answer = ask_shapes({word, peer, static_cast<u16>(what), static_cast<u8>(what >> 16), direction});
    return static_cast<u64>(answer.allowed) << 32 | answer.rule;
}

namespace beeline {

INLINE Answer ask_policy(const Ask& ask) {
    if (ask.word == 0) return {false, 0};  // no policy yet: nothing passes
    if (!abi::policy_isolates(ask.word, ask.direction)) return {true, 0};
    u32 what = ask.port | static_cast<u32>(ask.proto) << 16 | static_cast<u32>(ask.direction) << 24;
    u64 answer = bl_ask_policy(ask.word, ask.peer, what);
    return {(answer >> 32) != 0, static_cast<u32>(answer)};
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
INLINE Verdict check_policy(Context* ctx, Work<F>& w) {
    (void)ctx;
    STAGE(check_egress<F>(w));
    STAGE(check_ingress<F>(w));
    return check_midstream<F>(w);
}

}  // namespace beeline
BEELINE_STAGE(check_policy)
