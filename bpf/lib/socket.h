// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Translation at the socket: where the client is a local process, connect() or sendmsg() meets the backend at once and
// no packet is translated. The packet path stays on for whoever does not pass here.
#pragma once
#include "abi/socket_end.h"
#include "bpf/lib/affinity.h"
#include "bpf/lib/taken.h"

BEELINE_ROW(read_origin, bl_origins4, OriginKey4, Origin4)
BEELINE_ROW(read_origin, bl_origins6, OriginKey6, Origin6)

namespace beeline {

constexpr int sock_go_on = 1;
constexpr int sock_refuse = 0;
constexpr int error_refused = -111;  // ECONNREFUSED

INLINE abi::Addr4 user_addr4(bpf_sock_addr* ctx) {
    return {read_once(ctx->user_ip4)};
}
INLINE abi::Addr6 user_addr6(bpf_sock_addr* ctx) {
    return {{read_once(ctx->user_ip6[0]), read_once(ctx->user_ip6[1]), read_once(ctx->user_ip6[2]),
             read_once(ctx->user_ip6[3])}};
}

INLINE void set_user(bpf_sock_addr* ctx, const Target<V4>& t, bool mapped) {
    if (mapped)
        write_once(ctx->user_ip6[3], t.addr.be);
    else
        write_once(ctx->user_ip4, t.addr.be);
    write_once(ctx->user_port, static_cast<u32>(t.port));
}
INLINE void set_user(bpf_sock_addr* ctx, const Target<V6>& t, bool mapped) {
    (void)mapped;
    write_once(ctx->user_ip6[0], t.addr.be[0]);
    write_once(ctx->user_ip6[1], t.addr.be[1]);
    write_once(ctx->user_ip6[2], t.addr.be[2]);
    write_once(ctx->user_ip6[3], t.addr.be[3]);
    write_once(ctx->user_port, static_cast<u32>(t.port));
}

template <class F>
INLINE typename F::OriginKey origin_key(u64 cookie, const Target<F>& t, abi::OriginRole role) {
    typename F::OriginKey key = {};
    key.cookie = cookie;
    key.addr = t.addr;
    key.port = t.port;
    key.proto = t.proto;
    key.role = role;
    return key;
}

// Both by value: Linux 6.1 wants a key to stand in the function's own frame.
template <class F>
INLINE void put_origin(const typename F::OriginKey* of, const typename F::Origin* is) {
    if (!of || !is) return;
    typename F::OriginKey key = *of;
    typename F::Origin row = *is;
    update(origins<F>(), opaque(&key)[0], abi::sealed(key, row), BPF_ANY);
}
}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for each way to a backend.
extern "C" {
NOINLINE int bl_put_origin4(const beeline::abi::OriginKey4* of, const beeline::abi::Origin4* is) {
    beeline::put_origin<beeline::V4>(of, is);
    return 0;
}
NOINLINE int bl_put_origin6(const beeline::abi::OriginKey6* of, const beeline::abi::Origin6* is) {
    beeline::put_origin<beeline::V6>(of, is);
    return 0;
}
}

namespace beeline {
INLINE void call_put_origin(const abi::OriginKey4& of, const abi::Origin4& is) {
    bl_put_origin4(&of, &is);
}
INLINE void call_put_origin(const abi::OriginKey6& of, const abi::Origin6& is) {
    bl_put_origin6(&of, &is);
}

template <class F>
INLINE void remember_origin(u64 cookie, const Target<F>& of, const Target<F>& is, abi::OriginRole role) {
    typename F::Origin row = {};
    row.addr = is.addr;
    row.port = is.port;
    call_put_origin(origin_key<F>(cookie, of, role), row);
}

template <class F>
INLINE bool recall_origin(u64 cookie, Target<F>& t, abi::OriginRole role) {
    auto key = origin_key<F>(cookie, t, role);
    typename F::Origin row = {};
    if (read_origin(key, row) != Found::yes) return false;
    t.addr = row.addr;
    t.port = row.port;
    return true;
}

// UDP asks for every datagram: a socket keeps the backend it has for a frontend while that is a member.
template <class F>
INLINE bool recall_choice(Request<F>* request, u64 cookie, const typename F::Addr* front, u32 port) {
    if (!request || !front) return false;
    u32 uses = 0;
    Target<F> backend = {*front, static_cast<u16>(port), abi::proto_udp};
    if (!recall_origin<F>(cookie, backend, abi::choice_of_frontend)) return false;
    request->addr = backend.addr;
    request->port = backend.port;
    return find_member<F>(request->key, backend.addr, backend.port, uses);
}
}  // namespace beeline

// Functions of their own, for their frames: a chain of calls has 512 bytes together.
extern "C" {
NOINLINE int bl_recall_choice4(beeline::Request4* request, beeline::u64 cookie, const beeline::abi::Addr4* front,
                               beeline::u32 port) {
    return beeline::recall_choice<beeline::V4>(request, cookie, front, port);
}
NOINLINE int bl_recall_choice6(beeline::Request6* request, beeline::u64 cookie, const beeline::abi::Addr6* front,
                               beeline::u32 port) {
    return beeline::recall_choice<beeline::V6>(request, cookie, front, port);
}
}

namespace beeline {
INLINE bool call_recall_choice(Request4& request, u64 cookie, const Target<V4>& front) {
    return bl_recall_choice4(&request, cookie, &front.addr, front.port);
}
INLINE bool call_recall_choice(Request6& request, u64 cookie, const Target<V6>& front) {
    return bl_recall_choice6(&request, cookie, &front.addr, front.port);
}

// The call, and the socket it is of.
struct Caller {
    bpf_sock_addr* ctx;
    u64 cookie;
};

template <class F>
INLINE bool choose(Caller caller, Request<F>& request, const Target<F>& front, Target<F>& backend) {
    bool keeps = front.proto == abi::proto_udp;
    bool known = keeps && call_recall_choice(request, caller.cookie, front);
    if (!known) {
        set_client<F>(request, bpf_get_netns_cookie(caller.ctx));
        if (!choose_backend(request)) return false;
    }
    backend = {request.addr, request.port, front.proto};
    if (keeps && !known) remember_origin<F>(caller.cookie, front, backend, abi::choice_of_frontend);
    return true;
}

// The lowest cgroup above the process decides that the agent has told something of.
INLINE bool is_excluded() {
    constexpr int levels = 16;
    if (bl_config.sockets_by_cgroup == abi::sockets_all) return false;
    bool excluded = bl_config.sockets_by_cgroup == abi::sockets_only;
    for (int level = 0; level < levels; level++) {
        u64 cgroup = bpf_get_current_ancestor_cgroup_id(level);
        if (cgroup == 0) break;
        auto* row = lookup(bl_cgroups, cgroup);
        if (row) excluded = read_once(*row) == abi::cgroup_left_alone;
    }
    return excluded;
}

// Not ours to translate by configuration: the packet path does it.
INLINE bool is_left_alone(bpf_sock_addr* ctx) {
    if (bl_config.sockets_node && bpf_get_netns_cookie(ctx) != bl_config.netns_cookie) return true;
    return is_excluded();
}

// Loopback addresses are the node's own in the node's network namespace only, and there they answer on node ports.
template <class F>
INLINE bool is_ours(bpf_sock_addr* ctx, const Target<F>& t) {
    if (!is_loopback(t.addr)) return true;
    return port_is(abi::PortUse::node_port, t.port, t.proto) && bpf_get_netns_cookie(ctx) == bl_config.netns_cookie;
}

// The frontend a socket names.
template <class F>
INLINE bool find_target(bpf_sock_addr* ctx, const Target<F>& t, Request<F>& request) {
    request = {};
    request.key = frontend_key<F>(t.addr, t.port, t.proto);
    return is_ours<F>(ctx, t) && !is_left_alone(ctx) && find_frontend(request) == Found::yes;
}

INLINE int refuse_call(int error) {
    bpf_set_retval(error);
    return sock_refuse;
}

enum class Call : u8 { go_on, translated, refused, taken };

// connect() and sendmsg(): a service address becomes a backend's.
template <class F>
INLINE Call to_backend(bpf_sock_addr* ctx, const Target<F>& front, Target<F>& peer) {
    Request<F> request;
    bool service = find_target<F>(ctx, front, request);
    if (service && request.row.count == 0) return Call::refused;
    u64 cookie = bpf_get_socket_cookie(ctx);
    if (service && !choose<F>({ctx, cookie}, request, front, peer)) return Call::go_on;
    if (call_is_taken(ctx, peer)) return Call::taken;
    if (!service) return Call::go_on;
    remember_origin<F>(cookie, peer, front, abi::origin_of_backend);
    return Call::translated;
}

// Between functions: port, and protocol or Call << 16. `addr` is where the call goes, then where it shall.
template <class F>
INLINE u32 translate(bpf_sock_addr* ctx, typename F::Addr* addr, u32 what) {
    asm volatile("" : : "r"(ctx));  // as in frame.h
    if (!addr) return static_cast<u32>(Call::go_on) << 16;
    const Target<F> front = {*addr, static_cast<u16>(what), static_cast<u8>(what >> 16)};
    Target<F> peer = front;
    const Call call = to_backend<F>(ctx, front, peer);
    *addr = peer.addr;
    return peer.port | static_cast<u32>(call) << 16;
}

}  // namespace beeline

// Functions of their own: the verifier goes through them once, and not for each protocol and each kind of address.
extern "C" {
NOINLINE beeline::u32 bl_translate4(bpf_sock_addr* ctx, beeline::abi::Addr4* addr, beeline::u32 what) {
    return beeline::translate<beeline::V4>(ctx, addr, what);
}
NOINLINE beeline::u32 bl_translate6(bpf_sock_addr* ctx, beeline::abi::Addr6* addr, beeline::u32 what) {
    return beeline::translate<beeline::V6>(ctx, addr, what);
}
}

namespace beeline {

INLINE u32 call_translate(bpf_sock_addr* ctx, abi::Addr4& addr, u32 what) {
    return bl_translate4(ctx, &addr, what);
}
INLINE u32 call_translate(bpf_sock_addr* ctx, abi::Addr6& addr, u32 what) {
    return bl_translate6(ctx, &addr, what);
}

template <class F>
INLINE int answer_call(bpf_sock_addr* ctx, Target<F> t, bool mapped) {
    const u32 told = call_translate(ctx, t.addr, t.port | static_cast<u32>(t.proto) << 16);
    t.port = static_cast<u16>(told);
    switch (static_cast<Call>(told >> 16)) {
        case Call::refused:
            return refuse_call(error_refused);
        case Call::taken:
            return refuse_call(error_taken);
        case Call::translated:
            set_user(ctx, t, mapped);
            return sock_go_on;
        default:
            return sock_go_on;
    }
}

// recvmsg() and getpeername(): the application sees the address it spoke to.
template <class F>
INLINE int to_frontend(bpf_sock_addr* ctx, Target<F> peer, bool mapped) {
    if (recall_origin<F>(bpf_get_socket_cookie(ctx), peer, abi::origin_of_backend)) set_user(ctx, peer, mapped);
    return sock_go_on;
}

// close(): the rows of a connected socket go, so that the table is left to those that live. Its frontend stands in the
// first of them, the frontend's choice in the second.
template <class F>
INLINE void forget_origins(u64 cookie, Target<F> t) {
    auto of_backend = origin_key<F>(cookie, t, abi::origin_of_backend);
    if (!recall_origin<F>(cookie, t, abi::origin_of_backend)) return;
    remove(origins<F>(), of_backend);
    if (t.proto == abi::proto_udp) remove(origins<F>(), origin_key<F>(cookie, t, abi::choice_of_frontend));
}

INLINE bool tracked(u32 proto) {
    return proto == abi::proto_tcp || proto == abi::proto_udp;
}

INLINE int translate_v4(bpf_sock_addr* ctx, bool forth) {
    u32 proto = read_once(ctx->protocol);
    if (!tracked(proto)) return sock_go_on;
    Target<V4> t = {user_addr4(ctx), static_cast<u16>(read_once(ctx->user_port)), static_cast<u8>(proto)};
    return forth ? answer_call<V4>(ctx, t, false) : to_frontend<V4>(ctx, t, false);
}

// A v6 socket may speak IPv4: ::ffff:a.b.c.d meets these hooks, never those for IPv4.
INLINE int translate_v6(bpf_sock_addr* ctx, bool forth) {
    u32 proto = read_once(ctx->protocol);
    if (!tracked(proto)) return sock_go_on;
    Target<V6> t = {user_addr6(ctx), static_cast<u16>(read_once(ctx->user_port)), static_cast<u8>(proto)};
    if (!is_mapped(t.addr)) return forth ? answer_call<V6>(ctx, t, false) : to_frontend<V6>(ctx, t, false);
    Target<V4> mapped = {{t.addr.be[3]}, t.port, t.proto};
    return forth ? answer_call<V4>(ctx, mapped, true) : to_frontend<V4>(ctx, mapped, true);
}

// IPv4 as ::ffff:a.b.c.d, whatever the socket's family.
INLINE abi::Addr6 peer_of(bpf_sock* ctx) {
    constexpr u32 inet = 2;  // AF_INET
    if (read_once(ctx->family) == inet) return abi::mapped({read_once(ctx->dst_ip4)});
    return {{read_once(ctx->dst_ip6[0]), read_once(ctx->dst_ip6[1]), read_once(ctx->dst_ip6[2]),
             read_once(ctx->dst_ip6[3])}};
}

INLINE int release(bpf_sock* ctx) {
    u32 proto = read_once(ctx->protocol);
    u16 port = read_once(ctx->dst_port);
    if (port == 0 || !tracked(proto)) return sock_go_on;
    u64 cookie = bpf_get_socket_cookie(ctx);
    abi::Addr6 peer = peer_of(ctx);
    if (is_mapped(peer))
        forget_origins<V4>(cookie, {{peer.be[3]}, port, static_cast<u8>(proto)});
    else
        forget_origins<V6>(cookie, {peer, port, static_cast<u8>(proto)});
    return sock_go_on;
}

}  // namespace beeline
