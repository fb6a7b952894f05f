#include "ebpf/attach_xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <cerrno>

#include "ebpf/capture.h"

namespace ebpf {

const char* xdp_mode_name(XdpMode mode) {
    return mode == XdpMode::native ? "xdp/native" : "xdp/generic";
}

Result<Link> attach_xdp(const Program& program, std::uint32_t ifindex, XdpMode mode) {
    bpf_link_create_opts opts{};
    opts.sz = sizeof(opts);
    opts.flags = mode == XdpMode::native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
    Fd fd(bpf_link_create(program.fd(), static_cast<int>(ifindex), BPF_XDP, &opts));
    if (fd.valid()) return Link::from_fd(std::move(fd));
    return fail_sys("attach to " + std::string(xdp_mode_name(mode)) + " of interface " + std::to_string(ifindex),
                    errno);
}

Result<std::optional<XdpEntry>> query_xdp(std::uint32_t ifindex) {
    Capture capture;
    bpf_xdp_query_opts opts{};
    opts.sz = sizeof(opts);
    if (const int err = bpf_xdp_query(static_cast<int>(ifindex), 0, &opts))
        return fail_sys("query XDP of interface " + std::to_string(ifindex), err);
    if (opts.drv_prog_id) return XdpEntry{opts.drv_prog_id, XdpMode::native};
    if (opts.skb_prog_id) return XdpEntry{opts.skb_prog_id, XdpMode::generic};
    return std::nullopt;
}

}  // namespace ebpf
