#include "ebpf/attach_cgroup.h"

#include <bpf/bpf.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

namespace ebpf {

std::string cgroup_hook_name(CgroupHook hook) {
    switch (hook) {
#define X(name, type)      \
    case CgroupHook::name: \
        return "cgroup/" #name;
        EBPF_CGROUP_HOOKS(X)
#undef X
    }
    return "cgroup/" + std::to_string(static_cast<std::uint32_t>(hook));
}

Result<Fd> open_cgroup(const std::string& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return fail_sys("open cgroup " + path, errno);
    struct statfs fs{};
    if (::fstatfs(fd.get(), &fs)) return fail_sys("statfs of " + path, errno);
    if (fs.f_type != CGROUP2_SUPER_MAGIC) return fail(Errc::invalid, path + " is no directory of a cgroup2 tree");
    return fd;
}

Result<std::uint64_t> cgroup_id(int cgroup_fd) {
    struct stat info{};
    if (::fstat(cgroup_fd, &info)) return fail_sys("fstat of a cgroup", errno);
    return info.st_ino;
}

Result<Link> attach_cgroup(const Program& program, int cgroup_fd, CgroupHook hook) {
    Fd fd(bpf_link_create(program.fd(), cgroup_fd, static_cast<bpf_attach_type>(hook), nullptr));
    if (!fd.valid()) return fail_sys("attach to " + cgroup_hook_name(hook), errno);
    return Link::from_fd(std::move(fd));
}

Result<std::vector<std::uint32_t>> query_cgroup(int cgroup_fd, CgroupHook hook) {
    std::vector<std::uint32_t> ids(64);  // BPF_CGROUP_MAX_PROGS, the kernel's limit
    auto count = static_cast<std::uint32_t>(ids.size());
    if (bpf_prog_query(cgroup_fd, static_cast<bpf_attach_type>(hook), 0, nullptr, ids.data(), &count))
        return fail_sys("query " + cgroup_hook_name(hook), errno);
    ids.resize(count);
    return ids;
}

Result<void> attach_messages(const Program& program, const RawMap& sockets) {
    if (bpf_prog_attach(program.fd(), sockets.fd(), BPF_SK_MSG_VERDICT, 0))
        return fail_sys("attach to map '" + sockets.info().name + "'", errno);
    return {};
}

}  // namespace ebpf
