// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Stage read_packet: the packet in hand, with all that the fast path does not read.
#pragma once
#include "bpf/lib/fast.h"
#include "bpf/lib/frame.h"

namespace beeline {

// w.packet, one extension header on.
INLINE Parsed step_on(__sk_buff* ctx) {
    auto* w = work_of<V6>(ctx);
    if (!w || w->packet.l4 > last_l4) return Parsed::truncated;  // never: the verifier wants to hear it
    Packet<V6> p = w->packet;
    Parsed parsed = step_over(frame(ctx), p);
    w->packet = p;
    return parsed;
}

}  // namespace beeline

// A function of its own: the verifier goes through it once, and not for each number of headers that may come before.
extern "C" NOINLINE int bl_step_on(__sk_buff* ctx) {
    return static_cast<int>(beeline::step_on(ctx));
}

namespace beeline {

INLINE Parsed walk(__sk_buff*, Work<V4>&, Packet<V4>&) {
    return Parsed::ok;
}
INLINE Parsed walk(__sk_buff* ctx, Work<V6>& w, Packet<V6>& p) {
    w.packet = p;
    // Steps in w.packet, which is what is walked.
    auto step = [ctx](Packet<V6>&) { return static_cast<Parsed>(bl_step_on(ctx)); };
    Parsed parsed = walk_extensions(w.packet, step);
    p = w.packet;
    p.l4 = static_cast<u16>(opaque<u32>(p.l4) & 255);  // it is, and the verifier sees it
    return parsed;
}

// With the headers pulled into the linear part if they are not there.
template <class F>
INLINE Verdict read_packet(__sk_buff* ctx, Work<F>& w) {
    Bytes linear = frame(ctx);
    u32 length = length_of(ctx), wanted = length < header_room ? length : header_room;
    if (linear.begin + wanted > linear.end) pull_headers(ctx);
    Packet<F> p;
    Parsed parsed = parse_whole<F>([ctx] { return frame(ctx); }, p, [&](Packet<F>& q) { return walk(ctx, w, q); });
    if (parsed != Parsed::truncated && lies<F>(ctx, p)) parsed = refuse(p, abi::Reason::bad_header);
    w.parsed = static_cast<u8>(parsed);
    w.packet = p;
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(read_packet)
