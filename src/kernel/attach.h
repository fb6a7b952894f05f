// Programs on their hooks: tc by TCX links (or clsact filters where the kernel has no TCX), sockets on a cgroup. Links
// are pinned by name; a link that is there gets the new program in place, so that no packet meets none.
#pragma once
#include <set>
#include <string>
#include <string_view>

#include "ebpf/attach_cgroup.h"
#include "ebpf/attach_tcx.h"
#include "kernel/datapath.h"
#include "kernel/netlink.h"
#include "kernel/options.h"
#include "kernel/pins.h"

namespace beeline::kernel {

enum class Direction { ingress, egress };
const char* direction_name(Direction direction);

struct TcPlace {
    std::string device;
    Ifindex index;
    Direction direction = Direction::ingress;
    std::string program;  // "bl_from_container"
};

// The socket hooks Beeline has programs for, and their programs.
struct CgroupPlace {
    ebpf::CgroupHook hook;
    const char* name;  // "connect4": a part of a link's name, which has no further underscore
    std::string_view program;
};
inline constexpr CgroupPlace cgroup_places[] = {
    {ebpf::CgroupHook::bind4, "bind4", "bl_bind4"},
    {ebpf::CgroupHook::bind6, "bind6", "bl_bind6"},
    {ebpf::CgroupHook::connect4, "connect4", "bl_connect4"},
    {ebpf::CgroupHook::connect6, "connect6", "bl_connect6"},
    {ebpf::CgroupHook::sendmsg4, "sendmsg4", "bl_sendmsg4"},
    {ebpf::CgroupHook::sendmsg6, "sendmsg6", "bl_sendmsg6"},
    {ebpf::CgroupHook::recvmsg4, "recvmsg4", "bl_recvmsg4"},
    {ebpf::CgroupHook::recvmsg6, "recvmsg6", "bl_recvmsg6"},
    {ebpf::CgroupHook::getpeername4, "getpeername4", "bl_getpeername4"},
    {ebpf::CgroupHook::getpeername6, "getpeername6", "bl_getpeername6"},
    {ebpf::CgroupHook::sock_release, "release", "bl_sock_release"},
};

// The shortcut's, once for each cgroup that has asked for it.
inline constexpr CgroupPlace shortcut_place = {ebpf::CgroupHook::sockops, "sockops", "bl_join"};
inline constexpr const char* shortcut_device = "shortcut";  // as in link_name(), with the cgroup's id for a hook

inline constexpr const char* xdp_hook = "xdp";  // as in link_name()

// Handle and priority of our clsact filters: behind those that others have put first, before those that were given none
// (the kernel counts down from 0xc000), and not one that somebody is likely to have taken for filters of another kind.
inline constexpr std::uint32_t clsact_handle = 0xbee, clsact_priority = 0x4000;

class Attacher {
public:
    Attacher(const Pins& pins, const Datapath& datapath, bool tcx) : pins_(pins), datapath_(datapath), tcx_(tcx) {}

    bool tcx() const { return tcx_; }
    Result<> attach(const TcPlace& place) const;
    // Both programs of a container's host end.
    Result<> attach_container(const std::string& device, Ifindex index) const;
    // Both programs of a device that connects the node to others; what others have there stays, and runs before ours.
    Result<> attach_uplink(const std::string& device, Ifindex index) const;
    // The XDP program of such a device, or none. Errors: the driver has no native mode for it, or somebody else's
    // program is there; then tc does what it would have.
    Result<> attach_xdp(const std::string& device, Ifindex index, Xdp mode) const;
    // Our programs off a device that is there or not; others' stay.
    Result<> detach(const std::string& device, Ifindex index) const;
    // Socket hooks on the cgroup, or none for an empty path.
    Result<> attach_cgroup(const std::string& path) const;
    // The shortcut, for processes in these cgroups and below; none: no connection takes it any more, those that have
    // keep it. Returns what could not be attached.
    std::vector<std::string> attach_shortcut(const std::vector<std::string>& cgroups) const;
    // Pins of tc links whose device is not named: the links go.
    Result<> forget_others(const std::set<std::string>& devices) const;

private:
    Result<const ebpf::Program*> program(const std::string& name) const;
    Result<> attach_tcx(const TcPlace& place, const ebpf::Program& program) const;
    Result<> attach_clsact(const TcPlace& place, const ebpf::Program& program) const;
    Result<> attach_socket(const CgroupPlace& place, int cgroup, std::uint64_t cgroup_id) const;
    Result<> hold_cgroup(const CgroupPlace& place, int cgroup, std::uint64_t id, const std::string& pin) const;
    Result<> attach_messages() const;
    Result<std::string> attach_join(const std::string& cgroup) const;
    Result<> forget_joins(const std::set<std::string>& pins) const;

    Pins pins_;
    const Datapath& datapath_;
    bool tcx_;
};

// All our links, with their pins; when it returns, no packet and no socket meets their programs any more.
Result<> detach_links(const Pins& pins);

// Our clsact filters off a device, known by their place and by their programs' names. The qdisc stays: it may be
// somebody else's.
Result<> detach_filters(Ifindex device);

}  // namespace beeline::kernel
