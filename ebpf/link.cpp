#include "ebpf/link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>

#include "ebpf/pin.h"
#include "ebpf/uapi.h"

namespace ebpf {

namespace {
LinkInfo decode(const uapi::LinkInfo& raw) {
    LinkInfo info;
    info.id = raw.id;
    info.prog_id = raw.prog_id;
    info.type = raw.type;
    switch (raw.type) {
        case BPF_LINK_TYPE_CGROUP:
            info.cgroup_id = raw.cgroup.cgroup_id;
            info.attach_type = raw.cgroup.attach_type;
            break;
        case BPF_LINK_TYPE_XDP:
            info.ifindex = raw.device.ifindex;
            break;
        case uapi::link_type_tcx:
        case uapi::link_type_netkit:
            info.ifindex = raw.device.ifindex;
            info.attach_type = raw.device.attach_type;
            break;
        case BPF_LINK_TYPE_NETNS:
            info.attach_type = raw.device.attach_type;
            break;
        default:
            break;
    }
    return info;
}
}  // namespace

std::string link_type_name(std::uint32_t type) {
    if (type == uapi::link_type_tcx) return "tcx";
    if (type == uapi::link_type_netkit) return "netkit";
    const char* name = libbpf_bpf_link_type_str(static_cast<bpf_link_type>(type));
    return name ? name : "type " + std::to_string(type);
}

Result<Link> Link::from_fd(Fd fd) {
    EBPF_CHECK(require_kind(fd.get(), FdKind::link));
    return Link(std::move(fd));
}

Result<Link> Link::from_pin(const std::string& path) {
    Fd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid()) return fail_sys("link pinned at " + path, errno);
    return from_fd(std::move(fd));
}

Result<Link> Link::from_id(std::uint32_t id) {
    Fd fd(bpf_link_get_fd_by_id(id));
    if (!fd.valid()) return fail_sys("link " + std::to_string(id), errno);
    return Link(std::move(fd));
}

Result<LinkInfo> Link::info() const {
    uapi::LinkInfo raw{};
    std::uint32_t length = sizeof(raw);
    if (bpf_obj_get_info_by_fd(fd(), &raw, &length))
        return fail_sys("info of link descriptor " + std::to_string(fd()), errno);
    return decode(raw);
}

Result<void> Link::pin(const std::string& path) const {
    return pin_fd(fd(), path);
}

Result<void> Link::update(const Program& program) const {
    if (bpf_link_update(fd(), program.fd(), nullptr)) return fail_sys("exchange the program of a link", errno);
    return {};
}

Result<void> Link::detach() const {
    if (bpf_link_detach(fd())) return fail_sys("detach a link", errno);
    return {};
}

Result<Link> Link::duplicate() const {
    return Link(EBPF_TRY(Fd::duplicate(fd())));
}

}  // namespace ebpf
