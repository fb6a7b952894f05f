#include "ebpf/attach_tcx.h"

#include <bpf/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "ebpf/uapi.h"

namespace ebpf {

namespace {
std::string label(std::uint32_t ifindex, TcxHook hook) {
    return std::string(tcx_hook_name(hook)) + " of interface " + std::to_string(ifindex);
}

// One BPF_PROG_QUERY; libbpf 1.1 has no room for link ids. `ids` and `links` take query.count numbers. Returns errno.
int query(uapi::ProgQuery& query, std::vector<std::uint32_t>& ids, std::vector<std::uint32_t>& links) {
    ids.resize(query.count);
    links.resize(query.count);
    query.prog_ids = ids.empty() ? 0 : reinterpret_cast<std::uintptr_t>(ids.data());
    query.link_ids = links.empty() ? 0 : reinterpret_cast<std::uintptr_t>(links.data());
    return ::syscall(SYS_bpf, BPF_PROG_QUERY, &query, sizeof(query)) == 0 ? 0 : errno;
}
}  // namespace

const char* tcx_hook_name(TcxHook hook) {
    return hook == TcxHook::ingress ? "tcx/ingress" : "tcx/egress";
}

Result<Link> attach_tcx(const Program& program, std::uint32_t ifindex, TcxHook hook, TcxPlace place) {
    bpf_link_create_opts opts{};
    opts.sz = sizeof(opts);
    opts.flags = place == TcxPlace::first ? uapi::flag_before : 0;
    Fd fd(bpf_link_create(program.fd(), static_cast<int>(ifindex), static_cast<bpf_attach_type>(hook), &opts));
    if (fd.valid()) return Link::from_fd(std::move(fd));
    const int err = errno;
    // Kernels without TCX say EINVAL, as others do about a program that does not fit; only the former to a query, too.
    if (err == EINVAL)
        if (auto there = query_tcx(ifindex, hook); !there && there.error().code == Errc::unsupported)
            return std::unexpected(std::move(there).error());
    return fail_sys("attach to " + label(ifindex, hook), err);
}

Result<std::vector<TcxEntry>> query_tcx(std::uint32_t ifindex, TcxHook hook) {
    constexpr std::uint32_t first_room = 64;  // the kernel's own limit of programs at one hook
    std::vector<std::uint32_t> ids, links;
    uapi::ProgQuery request{};
    request.target = ifindex;
    request.attach_type = static_cast<std::uint32_t>(hook);
    request.count = first_room;
    const int err = query(request, ids, links);
    if (err == EINVAL) return fail(Errc::unsupported, label(ifindex, hook) + ": this kernel has no TCX");
    if (err == ENOENT) return std::vector<TcxEntry>{};
    if (err) return fail_sys("query " + label(ifindex, hook), err);
    std::vector<TcxEntry> entries;
    entries.reserve(request.count);
    for (std::uint32_t i = 0; i < request.count; i++)
        entries.push_back({ids[i], links[i]});
    return entries;
}

}  // namespace ebpf
