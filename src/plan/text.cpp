#include <fmt/format.h>
#include <fmt/ranges.h>

#include "plan/plan.h"

namespace beeline::plan {
namespace {

std::string endpoint_text(const Addr& addr, Port port) {
    return addr.v4() ? fmt::format("{}:{}", to_string(addr), port.value)
                     : fmt::format("[{}]:{}", to_string(addr), port.value);
}

std::string frontend_text(const FrontendKey& key) {
    return fmt::format("{}/{}", endpoint_text(key.addr, key.port), to_string(key.proto));
}

std::string backends_text(const std::vector<Backend>& backends) {
    std::string text;
    for (const Backend& backend : backends)
        text += fmt::format(" {}{}{}", endpoint_text(backend.addr, backend.port),
                            backend.weight == 1 ? "" : fmt::format("(weight {})", backend.weight),
                            backend.terminating ? "(terminating)" : "");
    return text;
}

// Who else may come, and where they are sent, if that is not what cluster addresses do.
std::string outside_text(const Frontend& frontend) {
    if (!frontend.outside) return frontend.kind == FrontendKind::cluster_ip ? "" : " outside -> not served";
    if (frontend.elsewhere) return " outside -> elsewhere";
    if (*frontend.outside == frontend.backends && frontend.kind != FrontendKind::cluster_ip) return "";
    return " outside ->" + (frontend.outside->empty() ? " none" : backends_text(*frontend.outside));
}

template <class T>
std::string list(const std::vector<T>& values) {
    std::string text;
    for (const T& value : values)
        text += (text.empty() ? "" : ",") + to_string(value);
    return text.empty() ? "none" : text;
}

std::string frontend_line(const FrontendKey& key, const Frontend& frontend) {
    std::string line = fmt::format("frontend {} {}", frontend_text(key), frontend.name);
    if (frontend.kind != FrontendKind::cluster_ip) line += fmt::format(" {}", kind_name(frontend.kind));
    if (frontend.affinity_seconds != 0) line += fmt::format(" affinity={}s", frontend.affinity_seconds);
    if (frontend.algorithm != abi::Algorithm::random)
        line += fmt::format(" algorithm={}", algorithm_name(frontend.algorithm));
    if (frontend.direct) line += " dsr";
    if (!frontend.source_ranges.empty()) line += " from=" + list(frontend.source_ranges);
    const std::string backends = frontend.backends.empty() ? " none" : backends_text(frontend.backends);
    return fmt::format("{} ->{}{}\n", line, backends, outside_text(frontend));
}

const char* isolated_text(const PolicySet& set) {
    if (set.isolated_ingress && set.isolated_egress) return "ingress,egress";
    if (set.isolated_ingress) return "ingress";
    return set.isolated_egress ? "egress" : "none";
}

std::string endpoint_line(const Endpoint& endpoint) {
    std::string line = fmt::format("endpoint {} {} {} netns={}", endpoint.id.value, endpoint.name, endpoint.host_ifname,
                                   endpoint.netns);
    if (endpoint.netns_inode != 0) line += fmt::format(" inode={}", endpoint.netns_inode);
    line += " ifname=" + endpoint.ifname;
    if (endpoint.addr4) line += " " + to_string(*endpoint.addr4);
    if (endpoint.addr6) line += " " + to_string(*endpoint.addr6);
    return line + fmt::format(" identity={} isolated={}\n", endpoint.identity.value, isolated_text(endpoint.policy));
}

std::string port_text(const PolicyEntry& entry) {
    if (entry.proto == Proto::any) return "any";
    if (entry.port.value == 0) return to_string(entry.proto) + "/any";
    return fmt::format("{}/{}", to_string(entry.proto), entry.port.value);
}

std::string entry_line(const std::string& endpoints, const PolicyEntry& entry) {
    const char* direction = entry.direction == abi::ingress ? "ingress" : "egress";
    const std::string peer = entry.peer.value == 0 ? "any" : std::to_string(entry.peer.value);
    const char* verdict = entry.verdict == abi::PolicyVerdict::allow ? "allow" : "deny";
    return fmt::format("policy endpoint={} {} peer={} {} {} rule={:08x}\n", endpoints, direction, peer,
                       port_text(entry), verdict, entry.rule.value);
}

// Every set once, under the endpoints that share it, in the order of the first of them.
std::string policies_text(const Plan& plan) {
    std::map<PolicySet, std::vector<EndpointId>> users;
    for (const auto& [id, endpoint] : plan.endpoints)
        users[endpoint.policy].push_back(id);
    std::map<EndpointId, std::string> texts;
    for (const auto& [set, ids] : users) {
        std::string names;
        for (const EndpointId id : ids)
            names += (names.empty() ? "" : ",") + std::to_string(id.value);
        std::string& text = texts[ids.front()];
        for (const PolicyEntry& entry : set.entries)
            text += entry_line(names, entry);
    }
    std::string all;
    for (const auto& [id, text] : texts)
        all += text;
    return all;
}

}  // namespace

const char* kind_name(FrontendKind kind) {
    switch (kind) {
        case FrontendKind::cluster_ip:
            return "ClusterIP";
        case FrontendKind::node_port:
            return "NodePort";
        case FrontendKind::external_ip:
            return "ExternalIP";
        case FrontendKind::load_balancer:
            return "LoadBalancer";
        case FrontendKind::host_port:
            return "HostPort";
    }
    return "unknown";
}

const char* algorithm_name(abi::Algorithm algorithm) {
    switch (algorithm) {
        case abi::Algorithm::random:
            return "random";
        case abi::Algorithm::maglev:
            return "maglev";
        case abi::Algorithm::round_robin:
            return "round-robin";
        case abi::Algorithm::least_connections:
            return "least-connections";
    }
    return "unknown";
}

std::string to_text(const Plan& plan) {
    std::string text = fmt::format("node router {} pods {} services {} mtu={}\n", list(plan.node.routers),
                                   list(plan.node.pod_cidrs), list(plan.node.service_cidrs), plan.node.mtu);
    if (!plan.node.node_port_addresses.empty())
        text += fmt::format("node ports {}\n", list(plan.node.node_port_addresses));
    for (const auto& [key, frontend] : plan.frontends)
        text += frontend_line(key, frontend);
    for (const auto& [key, frontend] : plan.frontends)
        if (!frontend.draining.empty())
            text += fmt::format("draining {} {} ->{}\n", frontend_text(key), frontend.name,
                                backends_text(frontend.draining));
    for (const auto& [key, unserved] : plan.unserved)
        text += fmt::format("unserved {} {}: {}\n", frontend_text(key), unserved.name, unserved.reason);
    for (const Addr& vip : plan.vips)
        text += fmt::format("vip {}\n", to_string(vip));
    for (const auto& [id, endpoint] : plan.endpoints)
        text += endpoint_line(endpoint);
    text += policies_text(plan);
    for (const auto& [addr, identity] : plan.identities)
        text += fmt::format("identity {} = {}\n", to_string(addr), identity.value);
    for (const Prefix& prefix : plan.unmasked)
        text += fmt::format("unmasked {}\n", to_string(prefix));
    for (const auto& [port, check] : plan.health_checks)
        text += fmt::format("health {} {}/{} local={}\n", port.value, check.ns, check.name, check.local);
    if (plan.leaving) text += "node is leaving\n";
    return text;
}

}  // namespace beeline::plan
