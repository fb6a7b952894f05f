#include "kernel/attach.h"

#include "ebpf/attach_clsact.h"
#include "ebpf/attach_xdp.h"
#include "ebpf/pin.h"
#include "kernel/ebpf_result.h"

namespace beeline::kernel {
namespace {

ebpf::TcxHook tcx_hook(Direction direction) {
    return direction == Direction::ingress ? ebpf::TcxHook::ingress : ebpf::TcxHook::egress;
}

ebpf::ClsactPlace clsact_place(const TcPlace& place) {
    return {.ifindex = place.index.value,
            .hook = place.direction == Direction::ingress ? ebpf::ClsactHook::ingress : ebpf::ClsactHook::egress,
            .handle = clsact_handle,
            .priority = clsact_priority};
}

// A link whose last pin goes takes its program off some time later, and nobody can attach it there again until then. A
// device that is gone has taken it off itself.
Result<> release(const std::string& path) {
    if (auto link = ebpf::Link::from_pin(path)) (void)link->detach();
    (void)TRY(result_of(ebpf::remove_pin(path)));
    return {};
}

}  // namespace

const char* direction_name(Direction direction) {
    return direction == Direction::ingress ? "ingress" : "egress";
}

Result<const ebpf::Program*> Attacher::program(const std::string& name) const {
    const ebpf::Program* found = datapath_.find_program(name);
    if (found == nullptr) return fail(Errc::not_found, "the object has no program " + name);
    return found;
}

Result<> Attacher::attach(const TcPlace& place) const {
    const ebpf::Program* code = TRY(program(place.program));
    return tcx_ ? attach_tcx(place, *code) : attach_clsact(place, *code);
}

Result<> Attacher::attach_tcx(const TcPlace& place, const ebpf::Program& code) const {
    const std::string path = pins_.link(link_name(place.device, direction_name(place.direction)));
    if (auto link = ebpf::Link::from_pin(path)) {
        auto info = link->info();
        if (info && info->ifindex == place.index.value) return result_of(link->update(code));
        (void)TRY(result_of(ebpf::remove_pin(path)));  // of a device that is gone
    }
    auto link = TRY(result_of(ebpf::attach_tcx(code, place.index.value, tcx_hook(place.direction))));
    CHECK(result_of(ebpf::replace_pin(link.fd(), path)));
    (void)ebpf::detach_clsact(clsact_place(place));  // of an agent that ran without TCX
    return {};
}

Result<> Attacher::attach_clsact(const TcPlace& place, const ebpf::Program& code) const {
    CHECK(result_of(ebpf::attach_clsact(code, clsact_place(place))));
    (void)TRY(result_of(ebpf::remove_pin(pins_.link(link_name(place.device, direction_name(place.direction))))));
    return {};
}

Result<> Attacher::attach_container(const std::string& device, Ifindex index) const {
    CHECK(attach({device, index, Direction::ingress, "bl_from_container"}));
    return attach({device, index, Direction::egress, "bl_to_container"});
}

Result<> Attacher::attach_uplink(const std::string& device, Ifindex index) const {
    CHECK(attach({device, index, Direction::ingress, "bl_from_netdev"}));
    return attach({device, index, Direction::egress, "bl_to_netdev"});
}

Result<> Attacher::attach_xdp(const std::string& device, Ifindex index, Xdp mode) const {
    const std::string path = pins_.link(link_name(device, xdp_hook));
    if (mode == Xdp::off) return release(path);
    const ebpf::Program* code = TRY(program("bl_xdp"));
    const auto wanted = mode == Xdp::native ? ebpf::XdpMode::native : ebpf::XdpMode::generic;
    if (auto link = ebpf::Link::from_pin(path)) {
        auto info = link->info();
        auto there = ebpf::query_xdp(index.value);
        const bool same_mode = there && *there && (*there)->mode == wanted;
        if (info && info->ifindex == index.value && same_mode) return result_of(link->update(*code));
        CHECK(release(path));
    }
    auto link = TRY(result_of(ebpf::attach_xdp(*code, index.value, wanted)));
    return result_of(ebpf::replace_pin(link.fd(), path));
}

Result<> Attacher::detach(const std::string& device, Ifindex index) const {
    CHECK(release(pins_.link(link_name(device, xdp_hook))));
    for (const Direction direction : {Direction::ingress, Direction::egress})
        CHECK(release(pins_.link(link_name(device, direction_name(direction)))));
    return detach_filters(index);
}

// One pinned link holds the program of this place there.
Result<> Attacher::hold_cgroup(const CgroupPlace& place, int cgroup, std::uint64_t cgroup_id,
                               const std::string& path) const {
    const ebpf::Program* code = TRY(program(std::string(place.program)));
    if (auto link = ebpf::Link::from_pin(path)) {
        auto info = link->info();
        if (info && info->cgroup_id == cgroup_id) return result_of(link->update(*code));
        (void)TRY(result_of(ebpf::remove_pin(path)));
    }
    auto link = TRY(result_of(ebpf::attach_cgroup(*code, cgroup, place.hook)));
    return result_of(ebpf::replace_pin(link.fd(), path));
}

Result<> Attacher::attach_socket(const CgroupPlace& place, int cgroup, std::uint64_t cgroup_id) const {
    return hold_cgroup(place, cgroup, cgroup_id, pins_.link(link_name("cgroup", place.name)));
}

// Returns the pin.
Result<std::string> Attacher::attach_join(const std::string& path) const {
    auto cgroup = TRY(result_of(ebpf::open_cgroup(path)));
    const std::uint64_t id = TRY(result_of(ebpf::cgroup_id(cgroup.get())));
    std::string pin = link_name(shortcut_device, std::to_string(id));
    CHECK(hold_cgroup(shortcut_place, cgroup.get(), id, pins_.link(pin)));
    return pin;
}

Result<> Attacher::forget_joins(const std::set<std::string>& pins) const {
    for (const std::string& name : TRY(pins_.links()))
        if (parse_link_name(name).device == shortcut_device && !pins.contains(name)) CHECK(release(pins_.link(name)));
    return {};
}

std::vector<std::string> Attacher::attach_shortcut(const std::vector<std::string>& cgroups) const {
    std::vector<std::string> problems;
    std::set<std::string> pins;
    const auto note = [&](const auto& result) {
        if (!result) problems.push_back("shortcut: " + result.error().what);
        return result.has_value();
    };
    if (!cgroups.empty()) note(attach_messages());
    for (const std::string& path : cgroups)
        if (const auto pin = attach_join(path); note(pin)) pins.insert(*pin);
    note(forget_joins(pins));
    return problems;
}

// What joined sockets send. The map holds the program, and our pin the map.
Result<> Attacher::attach_messages() const {
    const ebpf::Program* code = TRY(program("bl_message"));
    const EbpfMapIo* joined = datapath_.find_map("bl_joined");
    if (joined == nullptr) return fail(Errc::not_found, "the datapath has no map 'bl_joined'");
    return result_of(ebpf::attach_messages(*code, joined->raw()));
}

Result<> Attacher::attach_cgroup(const std::string& path) const {
    if (path.empty()) {
        for (const CgroupPlace& place : cgroup_places)
            (void)TRY(result_of(ebpf::remove_pin(pins_.link(link_name("cgroup", place.name)))));
        return {};
    }
    auto cgroup = TRY(result_of(ebpf::open_cgroup(path)));
    const std::uint64_t id = TRY(result_of(ebpf::cgroup_id(cgroup.get())));
    for (const CgroupPlace& place : cgroup_places)
        CHECK(attach_socket(place, cgroup.get(), id));
    return {};
}

Result<> Attacher::forget_others(const std::set<std::string>& devices) const {
    for (const std::string& name : TRY(pins_.links())) {
        const std::string device = parse_link_name(name).device;
        if (device != "cgroup" && device != shortcut_device && !devices.contains(device))
            CHECK(release(pins_.link(name)));
    }
    return {};
}

Result<> detach_links(const Pins& pins) {
    for (const std::string& name : TRY(pins.links()))
        CHECK(release(pins.link(name)));
    return {};
}

Result<> detach_filters(Ifindex device) {
    for (const Direction direction : {Direction::ingress, Direction::egress}) {
        const ebpf::ClsactPlace place = clsact_place({"", device, direction, ""});
        auto id = ebpf::query_clsact(place);
        if (!id || !*id) continue;  // no filter of that place, or the device is gone
        auto program = ebpf::Program::from_id(**id);
        if (!program) continue;
        const auto info = TRY(result_of(program->info()));
        if (info.name.starts_with("bl_")) (void)TRY(result_of(ebpf::detach_clsact(place)));
    }
    return {};
}

}  // namespace beeline::kernel
