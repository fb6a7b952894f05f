// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The Ethernet addresses on the way to a next hop, for programs that cannot hand the packet to the kernel's neighbour
// code. What the kernel answers is kept for a moment, each CPU for itself: a question costs more than all the rest of
// an established packet.
#pragma once
#include "bpf/lib/fib.h"
#include "bpf/lib/tables.h"

namespace beeline {

// In units of now(). A packet of each neighbour goes the kernel's way from time to time: only who sends there is told
// that a neighbour has gone, or has another address.
constexpr u32 neighbour_told = 32;

INLINE bool is_of(const Neighbour& n, const Neighbour& wanted) {
    u32 difference = (n.ifindex ^ wanted.ifindex) | (n.family ^ wanted.family);
    for (int i = 0; i < 4; i++)
        difference |= n.next.be[i] ^ wanted.next.be[i];
    return difference == 0;
}

// The next hop's address, if it is one of the flow's family, and where its row is.
INLINE bool next_of(const abi::Hop& hop, const abi::Addr4& destination, Neighbour& wanted, u32& row) {
    const abi::Addr4 next = {hop.flags & abi::hop_via4 ? hop.via.be[0] : destination.be};
    wanted.next.be[0] = next.be;
    wanted.family = V4::socket_family;
    row = abi::mix(next) & (neighbour_rows - 1);
    return !(hop.flags & (abi::hop_via6 | abi::hop_resolve));
}
INLINE bool next_of(const abi::Hop& hop, const abi::Addr6& destination, Neighbour& wanted, u32& row) {
    wanted.next = hop.flags & abi::hop_via6 ? hop.via : destination;
    wanted.family = V6::socket_family;
    row = abi::mix(wanted.next) & (neighbour_rows - 1);
    return !(hop.flags & (abi::hop_via4 | abi::hop_resolve));
}

INLINE void put_next(bpf_fib_lookup& fib, const abi::Addr4& from, const Neighbour& n) {
    put_addresses(fib, from, abi::Addr4{n.next.be[0]});
}
INLINE void put_next(bpf_fib_lookup& fib, const abi::Addr6& from, const Neighbour& n) {
    put_addresses(fib, from, n.next);
}

// Asks the kernel. False: it does not have them (yet).
template <class F>
INLINE bool ask_neighbour(void* ctx, const typename F::Key& sent, Neighbour& n) {
    bpf_fib_lookup fib = {};
    fib.family = F::socket_family;
    fib.l4_protocol = sent.proto;
    fib.ifindex = bl_config.host_ifindex;  // forwarding is on there
    put_next(fib, sent.saddr, n);
    if (bpf_fib_find(ctx, &fib, sizeof fib, 0) != 0 || fib.ifindex != n.ifindex) return false;
    __builtin_memcpy(n.macs, fib.dmac, 6);
    __builtin_memcpy(n.macs + 6, fib.smac, 6);
    return true;
}

// `row` is another's, or of an earlier moment: it gets the neighbour `wanted`. Null: this packet is the kernel's.
template <class F>
INLINE Neighbour* renew_row(void* ctx, const typename F::Key& sent, Neighbour* row, Neighbour& wanted) {
    u32 time = now();
    if (!row->told) row->told = time;
    if (time - row->told >= neighbour_told) {
        row->told = time;
        return nullptr;
    }
    if (!ask_neighbour<F>(ctx, sent, wanted)) return nullptr;
    wanted.time = time;
    wanted.told = row->told;
    *row = wanted;
    return row;
}

// Of a packet that leaves as `sent` by `hop`. Null: tc is to send this one, and has the neighbour asked for.
template <class F>
INLINE Neighbour* find_neighbour(void* ctx, const abi::Hop& hop, const typename F::Key& sent) {
    Neighbour wanted = {};
    wanted.ifindex = hop.ifindex;
    u32 index = 0;
    if (!next_of(hop, sent.daddr, wanted, index)) return nullptr;
    Neighbour* row = lookup(bl_neighbours, index);
    if (!row || (row->time == now() && is_of(*row, wanted))) return row;
    return renew_row<F>(ctx, sent, row, wanted);
}

}  // namespace beeline
