// An attachment that the kernel keeps as an object of its own (TCX, XDP, cgroup, …). It goes with its last handle or
// pin, and its program can be exchanged in place, without a packet in between that meets none.
#pragma once
#include <cstdint>
#include <string>

#include "ebpf/fd.h"
#include "ebpf/program.h"

namespace ebpf {

struct LinkInfo {
    std::uint32_t id = 0, prog_id = 0;
    std::uint32_t type = 0;         // BPF_LINK_TYPE_*
    std::uint32_t ifindex = 0;      // TCX, XDP, netkit; 0: the device is gone, or the link has none
    std::uint32_t attach_type = 0;  // TCX, cgroup, netns, netkit
    std::uint64_t cgroup_id = 0;    // cgroup: inode number of its directory
};

// "tcx", "xdp", "cgroup", …; "type 99" for a kind unknown here.
std::string link_type_name(std::uint32_t type);

class Link {
public:
    // Takes the handle of a link; Errc::invalid if it is something else.
    static Result<Link> from_fd(Fd fd);
    static Result<Link> from_pin(const std::string& path);
    static Result<Link> from_id(std::uint32_t id);

    int fd() const { return fd_.get(); }
    Result<LinkInfo> info() const;
    // Errc::exists if there is something at path.
    Result<void> pin(const std::string& path) const;
    // Exchange the program; packets meet the old or the new one. Errors: invalid if its type does not fit.
    Result<void> update(const Program& program) const;
    // Take the program off now, even if the link is pinned or held elsewhere; pins stay behind as empty links.
    Result<void> detach() const;
    // Give up this handle; the attachment goes with it unless it is pinned.
    void close() { fd_.reset(); }
    Result<Link> duplicate() const;

private:
    explicit Link(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace ebpf
