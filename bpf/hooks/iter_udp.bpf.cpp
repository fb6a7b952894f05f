// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// iter/udp: ends the sockets that the agent has named, in the network namespace of the thread that reads the iterator.
// It writes one byte for each. An object of its own, loaded when there is something to end.
#include <linux/in6.h>

#include "abi/socket_end.h"
#include "bpf/rt/maps.h"

// The kernel's own structs, found by BTF whatever their layout there is.
struct sock_common {
    unsigned int skc_daddr;
    unsigned short skc_dport, skc_family;
    in6_addr skc_v6_daddr;
};
struct bpf_iter_meta {
    void* seq;
};
// The context; its layout is fixed (struct bpf_iter__udp).
struct MetSocket {
    bpf_iter_meta* meta;
    sock_common* socket;  // null: the end
};

extern "C" {
extern int bpf_sock_destroy(sock_common* socket) DECLARED_IN(".ksyms");  // 6.5
beeline::LazyHash<beeline::abi::DoomedSocket, beeline::u32, 1> bl_doomed SEC(".maps");
char bl_license[] SEC("license") = "Dual BSD/GPL";
}

namespace beeline {

// By CO-RE: field info kind 0 is the byte offset (bpf_core_read.h).
#define BEELINE_AT(type, socket, field)                                   \
    (*reinterpret_cast<const type*>(reinterpret_cast<const u8*>(socket) + \
                                    __builtin_preserve_field_info((socket)->field, 0)))

INLINE abi::DoomedSocket describe(sock_common* socket) {
    constexpr u16 inet = 2;  // AF_INET
    abi::DoomedSocket key = {};
    key.cookie = bpf_get_socket_cookie(socket);
    key.port = BEELINE_AT(u16, socket, skc_dport);
    if (BEELINE_AT(u16, socket, skc_family) == inet)
        key.peer = abi::mapped({BEELINE_AT(u32, socket, skc_daddr)});
    else
        key.peer = BEELINE_AT(abi::Addr6, socket, skc_v6_daddr);
    return key;
}
#undef BEELINE_AT

INLINE void end_if_doomed(bpf_iter_meta* meta, sock_common* socket) {
    if (!socket) return;
    abi::DoomedSocket key = describe(socket);
    if (!lookup(bl_doomed, key) || bpf_sock_destroy(socket) != 0) return;
    u8 one = 1;
    bpf_seq_write(meta->seq, &one, sizeof one);
}

}  // namespace beeline

extern "C" SEC("iter/udp") int bl_iter_udp(MetSocket* met) {
    beeline::end_if_doomed(met->meta, met->socket);
    return 0;
}
