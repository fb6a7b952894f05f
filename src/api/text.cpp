#include "api/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>

namespace beeline::api {
namespace {

std::string requirement_text(const model::Requirement& requirement) {
    using Op = model::Requirement::Op;
    const auto values = [&] { return fmt::format("({})", fmt::join(requirement.values, ", ")); };
    switch (requirement.op) {
        case Op::in:
            return requirement.key + " in " + values();
        case Op::not_in:
            return requirement.key + " not in " + values();
        case Op::exists:
            return requirement.key;
        case Op::does_not_exist:
            return "!" + requirement.key;
    }
    return {};
}

template <class Values, class Text>
std::string joined(const Values& values, const char* separator, Text text) {
    std::string all;
    for (const auto& value : values)
        all += (all.empty() ? "" : separator) + text(value);
    return all;
}

std::string selected(const char* what, const model::Selector& selector) {
    const std::string text = selector_text(selector);
    return text.empty() ? fmt::format("all {}", what) : fmt::format("{} {}", what, text);
}

std::string peer_text(const model::PolicyPeer& peer) {
    if (!peer.namespaces) return selected("pods", peer.pods.value_or(model::Selector{}));
    const std::string namespaces = selected("namespaces", *peer.namespaces);
    return peer.pods ? fmt::format("{} in {}", selected("pods", *peer.pods), namespaces) : namespaces;
}

std::string port_text(const model::PolicyPort& port) {
    return port.port.value == 0 ? to_string(port.proto) : fmt::format("{} {}", to_string(port.proto), port.port.value);
}

std::string line(const model::Namespace& object) {
    return labels_text(object.meta.labels);
}
std::string line(const model::Node& object) {
    return fmt::format("addresses [{}] pod_cidrs [{}]",
                       joined(object.addresses, ", ", [](auto& a) { return to_string(a); }),
                       joined(object.pod_cidrs, ", ", [](auto& p) { return to_string(p); }));
}
std::string weight_text(unsigned weight) {
    return weight == 1 ? "" : fmt::format(" weight {}", weight);
}
std::string line(const model::Pod& object) {
    return fmt::format("ips [{}] labels [{}]{}{}", joined(object.ips, ", ", [](auto& a) { return to_string(a); }),
                       labels_text(object.meta.labels), object.host_network ? " host_network" : "",
                       object.terminating ? " terminating" : "") +
           weight_text(object.weight);
}
template <class Values>
std::string listed(const char* name, const Values& values) {
    return values.empty() ? ""
                          : fmt::format(" {} [{}]", name, joined(values, ", ", [](auto& v) { return to_string(v); }));
}
// What makes a Service more than a cluster address.
std::string exposure(const model::Service& object) {
    const auto ingress = [](const model::LoadBalancerIngress& i) {
        return to_string(i.addr) + (i.proxy ? " proxy" : "");
    };
    std::string text = listed("external_ips", object.external_ips) + listed("source_ranges", object.source_ranges);
    if (!object.ingress.empty()) text += fmt::format(" ingress [{}]", joined(object.ingress, ", ", ingress));
    if (object.internal_policy == model::TrafficPolicy::local) text += " internal=Local";
    if (object.external_policy == model::TrafficPolicy::local) text += " external=Local";
    if (object.algorithm) text += fmt::format(" algorithm={}", algorithm_text(*object.algorithm));
    if (object.forwarding)
        text += *object.forwarding == model::Forwarding::dsr ? " forwarding=dsr" : " forwarding=snat";
    if (object.affinity_seconds) text += fmt::format(" affinity={}s", *object.affinity_seconds);
    return text;
}
std::string line(const model::Service& object) {
    const auto port = [](const model::ServicePort& p) {
        return fmt::format("{}{}{} {}{}", p.name, p.name.empty() ? "" : ":", to_string(p.proto), p.port.value,
                           p.node_port.value == 0 ? "" : fmt::format(":{}", p.node_port.value));
    };
    return fmt::format("cluster_ips [{}] ports [{}] selector [{}]{}{}",
                       joined(object.cluster_ips, ", ", [](auto& a) { return to_string(a); }),
                       joined(object.ports, ", ", port), labels_text(object.selector),
                       object.headless ? " headless" : "", exposure(object));
}
std::string line(const model::EndpointSlice& object) {
    const auto port = [](const model::SlicePort& p) {
        return fmt::format("{}{}{} {}", p.name, p.name.empty() ? "" : ":", to_string(p.proto), p.port.value);
    };
    const auto endpoint = [](const model::SliceEndpoint& e) {
        return joined(e.addresses, " ", [](auto& a) { return to_string(a); }) + (e.ready ? "" : " not-ready") +
               (e.terminating ? " terminating" : "");
    };
    return fmt::format("service {} endpoints [{}] ports [{}]{}", to_string(object.service),
                       joined(object.endpoints, ", ", endpoint), joined(object.ports, ", ", port),
                       weight_text(object.weight));
}
std::string line(const model::NetworkPolicy& object) {
    const auto rules = [](const char* name, bool isolates, const std::vector<model::PolicyRule>& list) {
        if (!isolates) return std::string();
        const bool egress = name[0] == 'e';
        return fmt::format(" {} [{}]", name, joined(list, " | ", [&](auto& r) { return rule_text(r, egress); }));
    };
    return selected("pods", object.pods) + rules("ingress", object.isolates_ingress, object.ingress) +
           rules("egress", object.isolates_egress, object.egress);
}

template <class T>
void append(std::string& text, model::Kind kind, const model::Objects<T>& objects) {
    for (const auto& [name, object] : objects)
        text += fmt::format("{} {} {}\n", kind_name(kind), to_string(name), line(*object));
}

}  // namespace

std::string labels_text(const model::Labels& labels) {
    return joined(labels, ", ", [](const auto& label) { return label.first + "=" + label.second; });
}

std::string selector_text(const model::Selector& selector) {
    const std::string labels = labels_text(selector.match_labels);
    const std::string expressions = joined(selector.match_expressions, ", ", requirement_text);
    return labels + (labels.empty() || expressions.empty() ? "" : ", ") + expressions;
}

std::string rule_text(const model::PolicyRule& rule, bool egress) {
    if (rule.nothing) return "nothing";
    const std::string peers = rule.peers.empty() ? "everybody" : joined(rule.peers, " or ", peer_text);
    const std::string ports = rule.ports.empty() ? "all ports" : joined(rule.ports, ", ", port_text);
    return fmt::format("{} {}; {}", egress ? "to" : "from", peers, ports);
}

const char* algorithm_text(model::Algorithm algorithm) {
    switch (algorithm) {
        case model::Algorithm::random:
            return "random";
        case model::Algorithm::maglev:
            return "maglev";
        case model::Algorithm::round_robin:
            return "round-robin";
        case model::Algorithm::least_connections:
            return "least-connections";
    }
    return "unknown";
}

std::string snapshot_text(const model::Snapshot& snapshot) {
    std::string text =
        fmt::format("node {} pod_cidrs [{}] service_cidrs [{}] routers [{}] mtu {}\n", snapshot.node.name,
                    joined(snapshot.node.pod_cidrs, ", ", [](auto& p) { return to_string(p); }),
                    joined(snapshot.node.service_cidrs, ", ", [](auto& p) { return to_string(p); }),
                    joined(snapshot.node.routers, ", ", [](auto& a) { return to_string(a); }), snapshot.node.mtu);
    for (const Prefix& prefix : snapshot.node.unmasked)
        text += fmt::format("unmasked {}\n", to_string(prefix));
    append(text, model::Kind::namespace_, snapshot.namespaces);
    append(text, model::Kind::node, snapshot.nodes);
    append(text, model::Kind::pod, snapshot.pods);
    append(text, model::Kind::service, snapshot.services);
    append(text, model::Kind::endpoint_slice, snapshot.slices);
    append(text, model::Kind::network_policy, snapshot.policies);
    for (const auto& [id, endpoint] : snapshot.endpoints)
        text += fmt::format(
            "Endpoint {} {} netns {} addrs [{}{}{}] identity {} labels [{}]{}\n", id.value, to_string(endpoint->pod),
            endpoint->netns, endpoint->addr4 ? to_string(*endpoint->addr4) : "",
            endpoint->addr4 && endpoint->addr6 ? ", " : "", endpoint->addr6 ? to_string(*endpoint->addr6) : "",
            endpoint->identity.value, labels_text(endpoint->labels), snapshot.up.contains(id) ? " up" : "");
    for (const auto& [labels, id] : snapshot.identities)
        text += fmt::format("Identity {} {} [{}]\n", id.value, labels.ns, labels_text(labels.labels));
    return text;
}

}  // namespace beeline::api
