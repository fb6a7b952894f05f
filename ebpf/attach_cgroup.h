// Socket programs on a cgroup (version 2): they see the sockets of every process in it and below it.
#pragma once
#include <linux/bpf.h>

#include <cstdint>
#include <string>
#include <vector>

#include "ebpf/link.h"
#include "ebpf/map.h"

namespace ebpf {

// X(name, attach type)
#define EBPF_CGROUP_HOOKS(X)                      \
    X(bind4, BPF_CGROUP_INET4_BIND)               \
    X(bind6, BPF_CGROUP_INET6_BIND)               \
    X(connect4, BPF_CGROUP_INET4_CONNECT)         \
    X(connect6, BPF_CGROUP_INET6_CONNECT)         \
    X(sendmsg4, BPF_CGROUP_UDP4_SENDMSG)          \
    X(sendmsg6, BPF_CGROUP_UDP6_SENDMSG)          \
    X(recvmsg4, BPF_CGROUP_UDP4_RECVMSG)          \
    X(recvmsg6, BPF_CGROUP_UDP6_RECVMSG)          \
    X(getpeername4, BPF_CGROUP_INET4_GETPEERNAME) \
    X(getpeername6, BPF_CGROUP_INET6_GETPEERNAME) \
    X(getsockname4, BPF_CGROUP_INET4_GETSOCKNAME) \
    X(getsockname6, BPF_CGROUP_INET6_GETSOCKNAME) \
    X(sock_create, BPF_CGROUP_INET_SOCK_CREATE)   \
    X(sock_release, BPF_CGROUP_INET_SOCK_RELEASE) \
    X(sockops, BPF_CGROUP_SOCK_OPS)

// The program's expected attach type must be the same (libbpf sets it from SEC("cgroup/connect4") and so on).
enum class CgroupHook : std::uint32_t {
#define X(name, type) name = type,
    EBPF_CGROUP_HOOKS(X)
#undef X
};
std::string cgroup_hook_name(CgroupHook hook);  // "cgroup/connect4"; "cgroup/99" for a code unknown here

// A cgroup's directory, as attach_cgroup and query_cgroup want it. Errc::invalid if it is not in a cgroup2 tree.
Result<Fd> open_cgroup(const std::string& path);

// Its id, as links and bpf_get_current_ancestor_cgroup_id() have it.
Result<std::uint64_t> cgroup_id(int cgroup_fd);

Result<Link> attach_cgroup(const Program& program, int cgroup_fd, CgroupHook hook);

// Ids of the programs attached to this very cgroup, in the order they run.
Result<std::vector<std::uint32_t>> query_cgroup(int cgroup_fd, CgroupHook hook);

// What sockets of this map (BPF_MAP_TYPE_SOCKHASH or SOCKMAP) send goes to the program (sk_msg), in place of the one
// before. It stays for as long as the map does.
Result<void> attach_messages(const Program& program, const RawMap& sockets);

}  // namespace ebpf
