// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// XDP: the first packet of a flow from outside to a service. It is decided and remembered as in the slow path, by the
// same stages; what that refuses, denies or has for a container goes on to tc, which finds the entries, or says no
// again and reports it.
#define BEELINE_XDP
#include "bpf/lib/drain.h"
#include "bpf/lib/emit.h"
#include "bpf/lib/remember.h"
#include "bpf/lib/route.h"
#include "bpf/lib/turn.h"

namespace beeline {

template <class F>
INLINE Verdict decide(Context* ctx, Work<F>& w) {
    STAGE(route<F>(ctx, w));
    STAGE(check_policy<F>(w));
    make_way(ctx);
    return remember_new<F>(ctx, w);
}

// Nobody else knows the flow, or is about to: while the flow table grows, there is one writer.
template <class F>
INLINE bool is_first(const typename F::Key& key) {
    return !map_in(other_slot<F>()) && !lookup(flows<F>(), key) && !lookup(young<F>(), key);
}

// What is worth a decision here. Else it is tc's.
template <class F>
INLINE Verdict read_first(Context* ctx, Work<F>& w) {
    Packet<F> p;
    w.length = read_frame<F>(ctx, p);
    w.packet = p;
    w.led.port = 0;
    bool first = w.length && bl_config.ready && is_first<F>(p.key);
    return first ? proceed() : done(XDP_PASS, abi::Reason::not_ours);
}

// As the entry says that was remembered, by this CPU or by one that was first.
template <class F>
INLINE int leave(Context* ctx, typename F::Flow* entry) {
    auto* w = work_of<F>(ctx);
    return w && entry ? turn_by<F>(ctx, w->packet, w->forward, entry) : XDP_PASS;
}

}  // namespace beeline
BEELINE_STAGE(read_first)

// Functions of their own: the verifier goes through them once, and not for each table that the entry may stand in.
extern "C" {
NOINLINE int bl_leave4(xdp_md* ctx, beeline::abi::Flow4* entry) {
    return beeline::leave<beeline::V4>(ctx, entry);
}
NOINLINE int bl_leave6(xdp_md* ctx, beeline::abi::Flow6* entry) {
    return beeline::leave<beeline::V6>(ctx, entry);
}
}

namespace beeline {
INLINE int call_leave(xdp_md* ctx, abi::Flow4* entry) {
    return bl_leave4(ctx, entry);
}
INLINE int call_leave(xdp_md* ctx, abi::Flow6* entry) {
    return bl_leave6(ctx, entry);
}

template <class F>
INLINE int first(xdp_md* ctx) {
    Work<F>* w = work<F>();
    if (!w || step_of(call_read_first<F>(ctx)) != Step::proceed) return XDP_PASS;
    begin_at<F>(*w, abi::Hook::xdp);
    if (step_of(decide<F>(ctx, *w)) != Step::proceed) return XDP_PASS;
    tell<F>(ctx, *w, abi::EventKind::flow, abi::Reason::forwarded);
    auto* entry = find_any<F>(w->seen);
    return entry ? call_leave(ctx, entry) : XDP_PASS;
}

}  // namespace beeline

extern "C" {
SEC("xdp") int bl_first4(xdp_md* ctx) {
    return beeline::first<beeline::V4>(ctx);
}
SEC("xdp") int bl_first6(xdp_md* ctx) {
    return beeline::first<beeline::V6>(ctx);
}
}
