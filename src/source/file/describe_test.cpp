#include "source/file/describe_test.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace beeline::source::file {
namespace {

using namespace model;

std::string labels_text(const Labels& labels) {
    std::vector<std::string> parts;
    for (const auto& [key, value] : labels)
        parts.push_back(key + "=" + value);
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string selector_text(const Selector& selector) {
    static constexpr const char* ops[]{"in", "notin", "exists", "missing"};
    std::string text = "{" + labels_text(selector.match_labels);
    for (const Requirement& r : selector.match_expressions)
        text += fmt::format(";{} {}({})", r.key, ops[static_cast<int>(r.op)], fmt::join(r.values, ","));
    return text + "}";
}

template <class T>
std::string list_text(const std::vector<T>& list) {
    std::vector<std::string> parts;
    for (const T& item : list)
        parts.push_back(to_string(item));
    return fmt::format("{}", fmt::join(parts, ","));
}

std::string part(const char* name, const std::string& value) {
    return value.empty() ? "" : fmt::format(" {}={}", name, value);
}
std::string flag(const char* name, bool set) {
    return set ? fmt::format(" {}", name) : "";
}

std::string more(const Namespace&) {
    return {};
}

std::string more(const Node& node) {
    return part("addresses", list_text(node.addresses)) + part("cidrs", list_text(node.pod_cidrs));
}

std::string host_port_text(const ContainerPort& port) {
    const std::string ip = port.host_ip ? to_string(*port.host_ip) + " " : "";
    return port.host_port.value == 0 ? ip : fmt::format(" at {}{}", ip, port.host_port.value);
}

std::string probe_text(const Probe& probe) {
    static constexpr const char* kinds[]{"tcp", "http", "https"};
    std::string text = fmt::format("{} {}:{}", kinds[static_cast<int>(probe.kind)], probe.host, probe.port.value);
    if (probe.kind != Probe::Kind::tcp) text += probe.path;
    for (const auto& [name, value] : probe.headers)
        text += fmt::format(" {}={}", name, value);
    Probe usual = probe;
    usual.initial_delay = 0, usual.period = 10, usual.timeout = 1, usual.successes = 1, usual.failures = 3;
    if (usual == probe) return text;
    return text + fmt::format(" after={} every={} for={} up={} down={}", probe.initial_delay, probe.period,
                              probe.timeout, probe.successes, probe.failures);
}

std::string more(const Pod& pod) {
    std::string text = part("node", pod.node_name) + flag("host", pod.host_network) + part("ips", list_text(pod.ips));
    for (const ContainerPort& p : pod.ports)
        text += fmt::format(" [{} {} {}{}]", p.name, to_string(p.proto), p.port.value, host_port_text(p));
    for (const Probe& probe : pod.probes)
        text += " <" + probe_text(probe) + ">";
    if (pod.ready) text += *pod.ready ? " ready" : " unready";
    return text + flag("terminating", pod.terminating) + flag("finished", pod.finished);
}

std::string number_text(unsigned number) {
    return number == 0 ? "" : std::to_string(number);
}

std::string external_text(const Service& service) {
    static constexpr const char *distributions[]{"", "zone", "node"},
        *algorithms[]{"random", "maglev", "round-robin", "least-connections"}, *modes[]{"snat", "dsr"};
    std::vector<std::string> ingress;
    for (const LoadBalancerIngress& i : service.ingress)
        ingress.push_back(to_string(i.addr) + (i.proxy ? "(proxy)" : ""));
    return part("external", list_text(service.external_ips)) + part("lb", fmt::format("{}", fmt::join(ingress, ","))) +
           flag("unallocated", !service.allocate_node_ports) +
           flag("inside-local", service.internal_policy == TrafficPolicy::local) +
           flag("outside-local", service.external_policy == TrafficPolicy::local) +
           part("affinity", number_text(service.affinity_seconds.value_or(0))) +
           part("health", number_text(service.health_check_node_port.value)) +
           part("from", list_text(service.source_ranges)) +
           part("near", distributions[static_cast<int>(service.distribution)]) +
           part("by", service.algorithm ? algorithms[static_cast<int>(*service.algorithm)] : "") +
           part("via", service.forwarding ? modes[static_cast<int>(*service.forwarding)] : "");
}

std::string more(const Service& service) {
    static constexpr const char* types[]{"", "NodePort", "LoadBalancer", "ExternalName"};
    static constexpr const char* policies[]{"", "prefer", "require"};
    std::string text = part("type", types[static_cast<int>(service.type)]) + flag("headless", service.headless) +
                       part("ips", list_text(service.cluster_ips));
    for (const Family family : service.families)
        text += family == Family::v4 ? " v4" : " v6";
    text += part("dual", policies[static_cast<int>(service.family_policy)]);
    for (const ServicePort& p : service.ports) {
        const auto* number = std::get_if<Port>(&p.target_port);
        const std::string target = number ? std::to_string(number->value) : std::get<std::string>(p.target_port);
        const std::string node_port = p.node_port.value == 0 ? "" : fmt::format(" at {}", p.node_port.value);
        text += fmt::format(" [{} {} {}->{}{}]", p.name, to_string(p.proto), p.port.value, target, node_port);
    }
    return text + external_text(service) + part("selector", labels_text(service.selector)) +
           flag("early", service.publish_not_ready) + flag("foreign", service.foreign_proxy);
}

std::string more(const EndpointSlice& slice) {
    std::string text = part("of", to_string(slice.service)) + (slice.family == Family::v4 ? " v4" : " v6");
    for (const SliceEndpoint& e : slice.endpoints)
        text += fmt::format(" ({}{}{}{}{}{}{})", list_text(e.addresses), flag("unready", !e.ready),
                            flag("unserving", !e.serving), flag("terminating", e.terminating),
                            part("node", e.node_name), part("zones", fmt::format("{}", fmt::join(e.hint_zones, ","))),
                            part("nodes", fmt::format("{}", fmt::join(e.hint_nodes, ","))));
    for (const SlicePort& p : slice.ports)
        text += fmt::format(" [{} {} {}]", p.name, to_string(p.proto), p.port.value);
    return text;
}

std::string rule_text(const PolicyRule& rule) {
    std::string text;
    for (const PolicyPeer& peer : rule.peers)
        text += fmt::format(" ({}{})", peer.pods ? "pods" + selector_text(*peer.pods) : "",
                            peer.namespaces ? "ns" + selector_text(*peer.namespaces) : "");
    if (rule.peers.empty()) text += " anybody";
    for (const PolicyPort& p : rule.ports)
        text += fmt::format(" {}/{}", to_string(p.proto), p.port.value);
    if (rule.ports.empty()) text += " everything";
    return rule.nothing ? "nothing" : text.substr(1);
}

std::string more(const NetworkPolicy& policy) {
    std::string text = part("pods", selector_text(policy.pods)) + flag("IN", policy.isolates_ingress);
    for (const PolicyRule& rule : policy.ingress)
        text += " [" + rule_text(rule) + "]";
    text += flag("OUT", policy.isolates_egress);
    for (const PolicyRule& rule : policy.egress)
        text += " [" + rule_text(rule) + "]";
    for (const std::string& limit : policy.limits)
        text += " | " + limit;
    return text;
}

}  // namespace

std::vector<std::string> describe(const ParsedFile& parsed) {
    std::vector<std::string> lines;
    for (const Object& object : parsed.objects) {
        const auto text = [](const auto& o) { return part("labels", labels_text(o.meta.labels)) + more(o); };
        lines.push_back(to_string(ref_of(object)) + std::visit(text, object));
    }
    for (const Problem& problem : parsed.problems)
        lines.push_back("! " + to_string(problem));
    for (const Ignored& ignored : parsed.ignored)
        lines.push_back(fmt::format("~ {}:{} {}", ignored.origin.file, ignored.origin.line, ignored.kind));
    return lines;
}

void expect_rows(const std::string& prefix, std::span<const Row> rows) {
    for (const Row& row : rows)
        EXPECT_EQ(describe(parse_manifests(prefix + row.in, "f")), row.out) << row.what << "\n" << prefix << row.in;
}

}  // namespace beeline::source::file
