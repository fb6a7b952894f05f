#include "api/item_status.h"

#include <algorithm>

#include "flow/names.h"

namespace beeline::api {

plan::ItemStatus combined(const std::vector<plan::ItemStatus>& parts) {
    plan::ItemStatus whole = parts.front();
    for (const auto& part : parts) {
        whole.in_force = std::min(whole.in_force, part.in_force);
        whole.since_ms = std::max(whole.since_ms, part.since_ms);
        if (whole.error.empty()) whole.error = part.error;
    }
    return whole;
}

plan::ItemStatus endpoint_status(const plan::Status& status, EndpointId id) {
    const auto found = status.endpoints.find(id);
    return found == status.endpoints.end() ? plan::ItemStatus{} : found->second;
}

plan::ItemStatus plain_status(const plan::Status& status) {
    return {status.wanted, status.since_ms, {}};
}

namespace {

using ServicePorts = std::map<std::uint32_t, std::pair<const model::Name*, const std::string*>>;

ServicePorts ports_by_id(const model::Snapshot& snapshot) {
    ServicePorts ports;
    for (const auto& [name, service] : snapshot.services)
        for (const auto& port : service->ports)
            ports.try_emplace(model::service_port_id(name, port.name, port.proto), &name, &port.name);
    return ports;
}

}  // namespace

std::map<model::Name, std::vector<ServiceFrontend>> frontends_by_service(const model::Snapshot& snapshot,
                                                                         const plan::Plan& plan) {
    const ServicePorts ports = ports_by_id(snapshot);
    std::map<model::Name, std::vector<ServiceFrontend>> found;
    for (const auto& [key, frontend] : plan.frontends) {
        const auto port = ports.find(frontend.service);
        if (port != ports.end()) found[*port->second.first].push_back({&key, &frontend, *port->second.second});
    }
    return found;
}

std::map<model::Name, std::vector<std::string>> limits_by_service(const model::Snapshot& snapshot,
                                                                  const plan::Plan& plan) {
    if (plan.unserved.empty()) return {};
    const ServicePorts ports = ports_by_id(snapshot);
    std::map<model::Name, std::vector<std::string>> found;
    for (const auto& [key, unserved] : plan.unserved) {
        const auto port = ports.find(unserved.service);
        if (port == ports.end()) continue;
        auto& limits = found[*port->second.first];
        if (std::ranges::find(limits, unserved.reason) == limits.end()) limits.push_back(unserved.reason);
    }
    return found;
}

plan::ItemStatus service_status(const plan::Status& status, const std::vector<ServiceFrontend>& frontends,
                                const std::vector<std::string>& limits) {
    if (frontends.empty() && !limits.empty()) return {{}, 0, limits.front()};
    if (frontends.empty()) return plain_status(status);
    std::vector<plan::ItemStatus> parts;
    for (const auto& frontend : frontends) {
        const auto found = status.frontends.find(*frontend.key);
        parts.push_back(found == status.frontends.end() ? plan::ItemStatus{} : found->second);
    }
    return combined(parts);
}

std::vector<const model::Endpoint*> selected_endpoints(const model::Snapshot& snapshot,
                                                       const model::NetworkPolicy& policy) {
    std::vector<const model::Endpoint*> selected;
    for (const auto& [id, endpoint] : snapshot.endpoints)
        if (flow::selects(policy, endpoint->pod, endpoint->labels)) selected.push_back(endpoint.get());
    return selected;
}

plan::ItemStatus policy_status(const plan::Status& status, const model::Snapshot& snapshot,
                               const model::NetworkPolicy& policy) {
    std::vector<plan::ItemStatus> parts;
    for (const auto* endpoint : selected_endpoints(snapshot, policy))
        parts.push_back(endpoint_status(status, endpoint->id));
    return parts.empty() ? plain_status(status) : combined(parts);
}

}  // namespace beeline::api
