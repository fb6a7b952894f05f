// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What Beeline does not do, to be measured: what a TCP socket sends goes straight into the receive queue of its peer on
// the same machine, past IP, devices and every hook. IPv4.
#include "bpf/rt/helpers.h"

namespace beeline {
constexpr u32 af_inet = 2;  // <sys/socket.h> is the host's

// A connection as the socket with this key sees it; its peer has the other order. Addresses in network order.
struct Ends {
    u32 local, remote;
    u16 local_port, remote_port;  // host order
    u32 unused;
    u64 netns;  // of loopback addresses, which every namespace has; else 0
};
static_assert(sizeof(Ends) == 24);

struct Sockets {
    int (*type)[BPF_MAP_TYPE_SOCKHASH];
    int (*max_entries)[65536];
    Ends* key;
    u64* value;
};

using UpdateSockHash = s64(bpf_sock_ops* ctx, void* map, void* key, u64 flags);
using RedirectMessage = s64(sk_msg_md* ctx, void* map, void* key, u64 flags);
static UpdateSockHash* const bpf_sock_hash_update = (UpdateSockHash*)BPF_FUNC_sock_hash_update;
static RedirectMessage* const bpf_msg_redirect_hash = (RedirectMessage*)BPF_FUNC_msg_redirect_hash;
}  // namespace beeline

extern "C" {
beeline::Sockets shortcut_sockets SEC(".maps");

char shortcut_license[] SEC("license") = "Dual BSD/GPL";
}

namespace beeline {
INLINE bool is_loopback(u32 addr) {
    return (addr & be32(0xff000000)) == be32(0x7f000000);
}

// Both contexts have the same fields. The remote port stands in them as 32 bits in network order.
template <class Context>
INLINE Ends ends_of(Context* ctx) {
    Ends ends = {.local = ctx->local_ip4,
                 .remote = ctx->remote_ip4,
                 .local_port = static_cast<u16>(ctx->local_port),
                 .remote_port = static_cast<u16>(be32(ctx->remote_port)),
                 .unused = 0,
                 .netns = 0};
    if (is_loopback(ends.remote)) ends.netns = bpf_get_netns_cookie(ctx);
    return ends;
}
INLINE Ends seen_by_peer(const Ends& ends) {
    return {.local = ends.remote,
            .remote = ends.local,
            .local_port = ends.remote_port,
            .remote_port = ends.local_port,
            .unused = 0,
            .netns = ends.netns};
}

// Nothing here knows whether the peer is on this machine: each socket goes into the map, and leaves it as it closes.
INLINE int remember(bpf_sock_ops* ctx) {
    if (ctx->op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && ctx->op != BPF_SOCK_OPS_PASSIVE_ESTABLISHED_CB) return 1;
    if (ctx->family != af_inet) return 1;
    Ends ends = ends_of(ctx);
    bpf_sock_hash_update(ctx, &shortcut_sockets, &ends, BPF_ANY);
    return 1;
}

// A message that is not redirected, because the peer is not in the map, takes the usual way.
INLINE int redirect(sk_msg_md* ctx) {
    if (ctx->family != af_inet) return SK_PASS;
    Ends peer = seen_by_peer(ends_of(ctx));
    bpf_msg_redirect_hash(ctx, &shortcut_sockets, &peer, BPF_F_INGRESS);
    return SK_PASS;
}
}  // namespace beeline

extern "C" {
SEC("sockops") int shortcut_remember(bpf_sock_ops* ctx) {
    return beeline::remember(ctx);
}
SEC("sk_msg") int shortcut_redirect(sk_msg_md* ctx) {
    return beeline::redirect(ctx);
}
// Where it is attached, what comes by the stack goes into the same queue as what comes by the shortcut.
SEC("sk_skb") int shortcut_pass(__sk_buff* ctx) {
    return ctx ? SK_PASS : SK_DROP;
}
}
