#include "kernel/grace.h"

#include <linux/bpf.h>
#include <linux/membarrier.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace beeline::kernel {
namespace {

int membarrier(int command) {
    return static_cast<int>(::syscall(SYS_membarrier, command, 0, 0));
}

int bpf(int command, bpf_attr& attr) {
    return static_cast<int>(::syscall(SYS_bpf, command, &attr, sizeof attr));
}

int make_map(std::uint32_t type, int inner) {
    bpf_attr attr{};
    attr.map_type = type;
    attr.key_size = attr.value_size = sizeof(std::uint32_t);
    attr.max_entries = 1;
    if (inner >= 0) attr.inner_map_fd = static_cast<std::uint32_t>(inner);
    return bpf(BPF_MAP_CREATE, attr);
}

}  // namespace

Result<Grace> Grace::open() {
    Grace grace;
    const int commands = membarrier(MEMBARRIER_CMD_QUERY);
    if (commands > 0 && (commands & MEMBARRIER_CMD_GLOBAL) != 0) return grace;
    grace.inner_ = Fd(make_map(BPF_MAP_TYPE_ARRAY, -1));
    if (grace.inner_) grace.outer_ = Fd(make_map(BPF_MAP_TYPE_ARRAY_OF_MAPS, grace.inner_.get()));
    if (!grace.outer_)
        return fail(
            Errc::unsupported,
            std::string("no way to wait for packets: membarrier refused, array of maps: ") + std::strerror(errno),
            errno);
    return grace;
}

Result<> Grace::wait() {
    int error = 0;
    if (outer_) {
        const std::uint32_t key = 0;
        const int value = inner_.get();
        bpf_attr attr{};
        attr.map_fd = static_cast<std::uint32_t>(outer_.get());
        attr.key = reinterpret_cast<std::uintptr_t>(&key);
        attr.value = reinterpret_cast<std::uintptr_t>(&value);
        error = bpf(BPF_MAP_UPDATE_ELEM, attr);
    } else {
        error = membarrier(MEMBARRIER_CMD_GLOBAL);
    }
    if (error < 0) return fail(Errc::kernel, std::string("wait for a grace period: ") + std::strerror(errno), errno);
    return {};
}

}  // namespace beeline::kernel
