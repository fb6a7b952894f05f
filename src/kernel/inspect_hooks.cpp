// Kernel::hooks(): every program on our devices, the node's uplinks and our cgroup, ours and others', in the order they
// run.
#include <algorithm>

#include "ebpf/attach_clsact.h"
#include "ebpf/attach_xdp.h"
#include "ebpf/inspect.h"
#include "kernel/ebpf_result.h"
#include "kernel/running.h"

namespace beeline::kernel {
namespace {

plan::HookEntry entry_of(std::uint32_t program_id, std::uint32_t link_id) {
    plan::HookEntry entry;
    entry.program_id = program_id;
    entry.link_id = link_id;
    auto program = ebpf::Program::from_id(program_id);
    if (!program) return entry;
    if (auto info = program->info()) {
        entry.program = info->name;
        entry.tag = info->tag;
    }
    return entry;
}

// Whose device it is, for people.
std::string owner_of(const LinkInfo& link, const plan::Plan& plan) {
    const std::string& device = link.name;
    if (link.group != our_group) return "node";
    if (device == host_device || device == net_device) return "host";
    for (const auto& [id, endpoint] : plan.endpoints)
        if (endpoint.host_ifname == device) return endpoint.name;
    return "";
}

struct Scan {
    const plan::Plan& plan;
    std::vector<plan::HookEntry> entries{};

    void add(plan::HookEntry entry, const LinkInfo& link, std::string hook) {
        entry.device = link.name;
        entry.hook = std::move(hook);
        entry.owner = owner_of(link, plan);
        entries.push_back(std::move(entry));
    }
};

Result<> scan_tcx(Scan& scan, const LinkInfo& link) {
    for (const auto hook : {ebpf::TcxHook::ingress, ebpf::TcxHook::egress}) {
        auto programs = ebpf::query_tcx(link.index.value, hook);
        if (!programs && programs.error().code == ebpf::Errc::unsupported) return {};
        for (const auto& program : TRY(result_of(std::move(programs))))
            scan.add(entry_of(program.prog_id, program.link_id), link, ebpf::tcx_hook_name(hook));
    }
    return {};
}

Result<> scan_clsact(Scan& scan, const LinkInfo& link) {
    for (const auto hook : {ebpf::ClsactHook::ingress, ebpf::ClsactHook::egress}) {
        const ebpf::ClsactPlace place{link.index.value, hook, clsact_handle, clsact_priority};
        if (auto program = TRY(result_of(ebpf::query_clsact(place))))
            scan.add(entry_of(*program, 0), link, ebpf::clsact_hook_name(hook));
    }
    return {};
}

// Id of our pinned link; 0: none.
std::uint32_t pinned_link(const Pins& pins, const std::string& device, const std::string& hook) {
    auto link = ebpf::Link::from_pin(pins.link(link_name(device, hook)));
    if (!link) return 0;
    auto info = link->info();
    return info ? info->id : 0;
}

Result<> scan_xdp(Scan& scan, const LinkInfo& link, const Pins& pins) {
    const auto there = TRY(result_of(ebpf::query_xdp(link.index.value)));
    if (!there) return {};
    plan::HookEntry entry = entry_of(there->prog_id, 0);
    if (entry.program == "bl_xdp") entry.link_id = pinned_link(pins, link.name, xdp_hook);
    scan.add(std::move(entry), link, ebpf::xdp_mode_name(there->mode));
    return {};
}

struct CgroupScan {
    std::vector<plan::HookEntry>& entries;
    const Pins& pins;
    const std::string& path;
    int cgroup = -1;
};
// `device`, `hook`: as in link_name().
Result<> scan_place(const CgroupScan& scan, const CgroupPlace& place, const std::string& device,
                    const std::string& hook) {
    for (const std::uint32_t id : TRY(result_of(ebpf::query_cgroup(scan.cgroup, place.hook)))) {
        plan::HookEntry entry = entry_of(id, 0);
        if (entry.program == place.program) entry.link_id = pinned_link(scan.pins, device, hook);
        entry.device = scan.path;
        entry.hook = ebpf::cgroup_hook_name(place.hook);
        entry.owner = "node";
        scan.entries.push_back(std::move(entry));
    }
    return {};
}

Result<> scan_cgroup(std::vector<plan::HookEntry>& entries, const std::string& path, const Pins& pins) {
    if (path.empty()) return {};
    auto cgroup = TRY(result_of(ebpf::open_cgroup(path)));
    for (const CgroupPlace& place : cgroup_places)
        CHECK(scan_place({entries, pins, path, cgroup.get()}, place, "cgroup", place.name));
    return {};
}

// One that is not there has no hooks; status tells of it.
Result<> scan_shortcut(std::vector<plan::HookEntry>& entries, const std::string& path, const Pins& pins) {
    auto cgroup = ebpf::open_cgroup(path);
    if (!cgroup) return {};
    const std::uint64_t id = TRY(result_of(ebpf::cgroup_id(cgroup->get())));
    return scan_place({entries, pins, path, cgroup->get()}, shortcut_place, shortcut_device, std::to_string(id));
}

}  // namespace

Result<std::vector<plan::HookEntry>> Kernel::hooks() {
    Scan scan{running_->applier->wanted()};
    for (const LinkInfo& link : TRY(running_->netlink.links())) {
        if (link.group != our_group && !running_->uplinks.contains(link.index)) continue;
        CHECK(scan_xdp(scan, link, running_->pins));
        CHECK(scan_tcx(scan, link));
        CHECK(scan_clsact(scan, link));
    }
    CHECK(scan_cgroup(scan.entries, options_.cgroup, running_->pins));
    for (const std::string& path : options_.shortcut)
        CHECK(scan_shortcut(scan.entries, path, running_->pins));
    return std::move(scan.entries);
}

}  // namespace beeline::kernel
