// What this kernel can do, found out by trying: never by its version. Probes leave nothing behind; most need
// CAP_BPF and CAP_NET_ADMIN and say so when they lack them.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ebpf/result.h"

namespace ebpf {

struct Probe {
    std::string name;
    bool present = false;
    std::string detail;  // what was found, or why not
};

// X(name, what it is for people)
#define EBPF_FEATURES(X)                                                                  \
    X(btf_vmlinux, "BTF of the running kernel")                                           \
    X(jit, "programs are compiled to machine code")                                       \
    X(bpffs, "bpffs mounted")                                                             \
    X(cgroup2, "cgroup version 2 mounted")                                                \
    X(tcx, "tc programs attached by links")                                               \
    X(redirect_peer, "bpf_redirect_peer: delivery straight into a container's namespace") \
    X(redirect_neigh, "bpf_redirect_neigh: delivery straight to a device")                \
    X(cast_to_kern_ctx, "bpf_cast_to_kern_ctx: kernel view of a packet")                  \
    X(csum_ipv6, "BPF_F_IPV6 of bpf_l4_csum_replace")                                     \
    X(ring_buffer, "ring buffer maps")                                                    \
    X(queue_map, "queue maps")                                                            \
    X(mmapable_array, "array maps that can be mmap-ed")                                   \
    X(batch_ops, "batch operations on hash maps")                                         \
    X(cgroup_sock_addr, "socket address hooks: connect, sendmsg, recvmsg, getpeername")   \
    X(sock_destroy, "bpf_sock_destroy: sockets ended by iterator programs")

enum class Feature {
#define X(name, text) name,
    EBPF_FEATURES(X)
#undef X
};
const char* feature_name(Feature feature);
const char* feature_text(Feature feature);

Probe probe(Feature feature);
// All, in the list's order.
std::vector<Probe> probe_all();
// Where cgroup version 2 is mounted, seen from this mount namespace. Errc::not_found.
Result<std::string> cgroup2_path();
// Where a bpffs is mounted. Errc::not_found.
Result<std::string> bpffs_path();

}  // namespace ebpf
