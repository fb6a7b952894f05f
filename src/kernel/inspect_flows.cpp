// Kernel::walk_flows(), flow_pressure(), and what of it is worth a warning.
#include <net/if.h>

#include "kernel/running.h"

namespace beeline::kernel {
namespace {

const char* name_of(Family family) {
    return family == Family::v4 ? "IPv4" : "IPv6";
}

// Endpoints by the host ends of their devices.
std::map<Ifindex, std::string> owners(const plan::Plan& plan) {
    std::map<Ifindex, std::string> names;
    for (const auto& [id, endpoint] : plan.endpoints)
        if (const unsigned index = ::if_nametoindex(endpoint.host_ifname.c_str()))
            names.emplace(Ifindex{index}, endpoint.name);
    return names;
}

}  // namespace

Result<std::unique_ptr<plan::FlowWalk>> Kernel::walk_flows(const plan::FlowFilter& filter, plan::FlowAction action) {
    return running_->flow_table->walk(filter, action);
}

// Flows that the host opened are not counted: it has no quota.
plan::FlowPressure Kernel::flow_pressure() const {
    plan::FlowPressure pressure;
    pressure.tables = running_->flow_table->fill();
    const auto names = owners(running_->applier->wanted());
    for (const auto& flows : running_->flow_table->devices())
        if (const auto owner = names.find(flows.device); owner != names.end())
            pressure.endpoints.push_back({owner->second, flows.family, flows.flows, flows.quota, flows.crowded});
    return pressure;
}

// The same words as long as it lasts: they are logged when they come and when they go.
std::vector<std::string> Kernel::warnings() const {
    std::vector<std::string> texts;
    if (!growth_error_.empty()) texts.push_back(growth_error_);
    const auto pressure = flow_pressure();
    for (const auto& table : pressure.tables)
        if (table.filling())
            texts.push_back(std::string("the ") + name_of(table.family) + " flow table (" +
                            std::to_string(table.capacity) +
                            " entries) is more than three quarters full; new flows that find no room may be forgotten");
    for (const auto& endpoint : pressure.endpoints)
        if (endpoint.crowded)
            texts.push_back(endpoint.endpoint + " has its quota of " + std::to_string(endpoint.quota) + " " +
                            name_of(endpoint.family) + " flows; its new ones may be forgotten");
    return texts;
}

}  // namespace beeline::kernel
