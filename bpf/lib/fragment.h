// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Fragments: only the first has the ports. It leaves them in a table for those that follow; one that overtakes it is
// dropped under a name of its own.
#pragma once
#include "bpf/lib/fast.h"
#include "bpf/lib/frame.h"
#include "bpf/lib/rows.h"

BEELINE_ROW(read_fragment, bl_fragments4, FragmentKey4, Fragment)
BEELINE_ROW(read_fragment, bl_fragments6, FragmentKey6, Fragment)

namespace beeline {

template <class F>
INLINE typename F::FragmentKey fragment_key(const Packet<F>& p) {
    typename F::FragmentKey key = {};
    key.saddr = p.key.saddr;
    key.daddr = p.key.daddr;
    key.id = p.fragment_id;
    key.proto = p.key.proto;
    return key;
}

// The key of the packet in hand, made whole. A first fragment that is none of ours leaves nothing in the table.
template <class F>
INLINE Verdict find_ports(__sk_buff* ctx, Work<F>& w) {
    (void)ctx;
    auto key = fragment_key<F>(w.packet);
    abi::Fragment row = {};
    if (w.packet.fragment == Part::first) {
        row.sport = w.packet.key.sport;
        row.dport = w.packet.key.dport;
        w.parsed = static_cast<u8>(Parsed::ok);
        bool passes = is_at(w, abi::Hook::from_netdev) && !concerns<F>(w.packet, Parsed::ok);
        if (!passes) update(fragments<F>(), key, abi::sealed(key, row), BPF_ANY);
        return proceed();
    }
    if (read_fragment(key, row) != Found::yes) return drop(abi::Reason::fragment_before_first);
    w.packet.key.sport = row.sport;
    w.packet.key.dport = row.dport;
    w.parsed = static_cast<u8>(Parsed::ok);
    return proceed();
}

}  // namespace beeline
BEELINE_STAGE(find_ports)
