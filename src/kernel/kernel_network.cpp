// The node's own devices and routes: which are used, programs on them, rows for them, and what to do when they change.
#include <fmt/format.h>

#include <set>

#include "kernel/running.h"
#include "kernel/sources.h"
#include "kernel/vlan.h"

namespace beeline::kernel {

// Filters of an earlier agent that chose other devices; its links go with their pins.
Result<> Kernel::Running::release_leftovers() {
    for (const LinkInfo& link : network->links)
        if (!uplinks.contains(link.index)) CHECK(detach_filters(link.index));
    return {};
}

Result<> Kernel::Running::attach_xdp(const Options& options, const LinkInfo& link, const Network& now) const {
    const Xdp mode = xdp_of(options.xdp, link.name);
    const std::string vlan = mode == Xdp::off ? "" : vlan_on(link, now);
    if (vlan.empty() || !hides_tags(link)) return attacher->attach_xdp(link.name, link.index, mode);
    CHECK(attacher->attach_xdp(link.name, link.index, Xdp::off));
    return fail(Errc::unsupported,
                fmt::format("frames for {} would be taken for its own, for their tags are off before "
                            "XDP sees them (on a network card: ethtool -K {} rxvlan off)",
                            vlan, link.name));
}

// A device whose programs cannot be attached is not used.
Result<> Kernel::Running::attach_uplink(const Options& options, const LinkInfo& link, const Network& now, bool again) {
    auto before = attached.find(link.index);
    if (before != attached.end() && before->second == link.name && !again) return {};
    // Under its old name the device has the programs already, and no place for them twice.
    if (before != attached.end() && before->second != link.name) CHECK(attacher->detach(before->second, link.index));
    attached.insert_or_assign(link.index, link.name);
    CHECK(attacher->attach_uplink(link.name, link.index));
    // Without XDP tc does the same, later.
    if (auto done = attach_xdp(options, link, now); !done)
        xdp_problems[link.index] = "xdp: " + link.name + ": " + done.error().what + "; tc does its work";
    else
        xdp_problems.erase(link.index);
    return {};
}

Result<> Kernel::Running::take_network(const Options& options, Network now, bool again) {
    const bool first = !network;
    Uplinks chosen = choose_uplinks(options.devices, now);
    network_errors = std::move(chosen.problems);
    std::erase_if(chosen.devices, [&](const LinkInfo& link) {
        auto done = attach_uplink(options, link, now, again);
        if (!done) network_errors.push_back("devices: " + link.name + ": " + done.error().what);
        return !done;
    });
    uplinks.clear();
    std::set<std::string> names;
    for (const LinkInfo& link : chosen.devices) {
        uplinks.emplace(link.index, link.name);
        names.insert(link.name);
        if (auto problem = xdp_problems.find(link.index); problem != xdp_problems.end())
            network_errors.push_back(problem->second);
    }
    devices->set_uplinks(std::move(names));
    NetworkRows rows = network_rows(now, chosen.devices);
    CHECK(write_sources(*datapath, rows));
    applier->set_network(std::move(rows));
    network = std::move(now);
    return first ? release_leftovers() : Result<>{};
}

Result<> Kernel::Running::read_network(const Options& options, bool again) {
    return take_network(options, TRY(netlink.network()), again);
}

void Kernel::Running::release_uplinks() {
    std::set<std::string> names;
    for (const auto& [index, name] : uplinks)
        names.insert(name);
    std::erase_if(attached, [&](const auto& device) {
        const auto& [index, name] = device;
        if (uplinks.contains(index)) return false;
        // A new device may have the name, and its links the pins.
        auto done = names.contains(name) ? detach_filters(index) : attacher->detach(name, index);
        if (!done) network_errors.push_back("devices: " + name + ": " + done.error().what);
        return done.has_value();
    });
}

std::optional<plan::Status> Kernel::network_changed() {
    auto now = running_->netlink.network();
    if (now && running_->network == *now) return std::nullopt;
    auto taken =
        now ? running_->take_network(options_, std::move(*now), false) : Result<>(std::unexpected(now.error()));
    if (!taken) running_->network_errors.assign(1, "network: " + taken.error().what);
    if (!taken || running_->applier->status().wanted.value == 0) return status();
    if (is_half_grown()) return apply(plan::Plan(running_->applier->wanted()));
    apply_rows(plan::Plan(running_->applier->wanted()));
    running_->release_uplinks();
    return status();
}

}  // namespace beeline::kernel
