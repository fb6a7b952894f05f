// What <linux/bpf.h> of Linux 6.1 does not know yet: TCX and netkit. Layouts from include/uapi/linux/bpf.h of
// Linux 6.7; numbers and layouts there never change. Internal to this library.
#pragma once
#include <linux/bpf.h>

#include <cstdint>

namespace ebpf::uapi {

constexpr std::uint32_t link_type_tcx = 11;     // BPF_LINK_TYPE_TCX
constexpr std::uint32_t link_type_netkit = 13;  // BPF_LINK_TYPE_NETKIT
constexpr std::uint32_t flag_before = 1U << 3;  // BPF_F_BEFORE; without a neighbour: first of all
constexpr std::uint64_t csum_ipv6 = 1ULL << 7;  // BPF_F_IPV6 of bpf_l4_csum_replace (6.16)

// bpf_link_info, with room for what later kernels append.
struct LinkInfo {
    std::uint32_t type, id, prog_id;
    union alignas(8) {
        struct {
            std::uint64_t cgroup_id;
            std::uint32_t attach_type;
        } cgroup;
        struct {
            std::uint32_t ifindex;  // netns: its inode number
            std::uint32_t attach_type;
        } device;
        std::uint8_t room[240];
    };
};

// The `query` part of bpf_attr.
struct ProgQuery {
    std::uint32_t target, attach_type, query_flags, attach_flags;
    std::uint64_t prog_ids;  // array of u32
    std::uint32_t count, pad;
    std::uint64_t prog_attach_flags;
    std::uint64_t link_ids;  // array of u32
    std::uint64_t link_attach_flags;
    std::uint64_t revision;
};
static_assert(sizeof(ProgQuery) == 64);

}  // namespace ebpf::uapi
