#include <fmt/format.h>

#include <set>

#include "source/file/algorithms.h"
#include "source/file/kinds.h"
#include "source/file/service_external.h"

namespace beeline::source::file {
namespace {

using model::Service;
using FamilyPolicy = Service::FamilyPolicy;

constexpr Choice<Service::Type> types[]{{"ClusterIP", Service::Type::cluster_ip},
                                        {"NodePort", Service::Type::node_port},
                                        {"LoadBalancer", Service::Type::load_balancer},
                                        {"ExternalName", Service::Type::external_name}};
constexpr Choice<Family> families[]{{"IPv4", Family::v4}, {"IPv6", Family::v6}};
constexpr Choice<FamilyPolicy> family_policies[]{{"SingleStack", FamilyPolicy::single},
                                                 {"PreferDualStack", FamilyPolicy::prefer_dual},
                                                 {"RequireDualStack", FamilyPolicy::require_dual}};
constexpr Choice<bool> affinities[]{{"None", false}, {"ClientIP", true}};
constexpr Choice<Service::Distribution> distributions[]{{"PreferClose", Service::Distribution::same_zone},
                                                        {"PreferSameZone", Service::Distribution::same_zone},
                                                        {"PreferSameNode", Service::Distribution::same_node}};

// 0 and "" mean the port itself, as the API server fills them in.
std::variant<Port, std::string> read_target_port(const Field& field, Port same) {
    if (!field.is_string()) {
        if (!field.present() || field.is_zero()) return same;
        return field.port().value_or(same);
    }
    if (field.text() == "") return same;
    return field.text(port_name).value_or("");
}

Port read_node_port(const Field& field, bool on_nodes) {
    if (!field.present() || field.is_zero()) return {};  // 0 is how clients say that they leave it open
    if (!on_nodes) field.refuse("is only allowed with type NodePort or LoadBalancer");
    return field.port().value_or(Port{});
}

model::ServicePort read_port(const Field& field, bool name_required) {
    model::ServicePort port;
    if (!name_required || field.at("name").require())
        port.name = field.at("name").text(dns_label_or_empty).value_or("");
    if (field.at("port").require()) port.port = field.at("port").port().value_or(Port{});
    port.proto = read_protocol(field.at("protocol"));
    port.target_port = read_target_port(field.at("targetPort"), port.port);
    return port;
}

void read_ports(const Field& spec, Service& service) {
    const bool optional = service.headless || service.type == Service::Type::external_name;
    const Field list = spec.at("ports");
    const std::vector<Field> fields = optional ? list.maps() : Field::maps_of(list.require_items());
    std::set<std::string> names;
    std::set<std::pair<Proto, Port>> numbers, node_ports;
    for (const Field& field : fields) {
        model::ServicePort port = read_port(field, fields.size() > 1);
        if (!port.name.empty() && !names.insert(port.name).second) field.at("name").refuse("is given twice");
        if (port.port.value != 0 && !numbers.emplace(port.proto, port.port).second)
            field.at("port").refuse(fmt::format("is given twice for {}", to_string(port.proto)));
        const Field node_port = field.at("nodePort");
        port.node_port = read_node_port(node_port, is_on_nodes(service));
        if (port.node_port.value != 0 && !node_ports.emplace(port.proto, port.node_port).second)
            node_port.refuse(fmt::format("is given twice for {}", to_string(port.proto)));
        service.ports.push_back(std::move(port));
    }
}

// clusterIPs, or clusterIP alone. Both may be given if they agree.
std::vector<Field> cluster_ip_fields(const Field& spec) {
    const Field first = spec.at("clusterIP");
    std::vector<Field> fields = spec.at("clusterIPs").items();
    const bool given = first.present() && !(first.is_string() && first.text() == "");
    if (fields.empty() && given) return {first};
    if (!fields.empty() && given && first.text() != fields[0].text()) first.refuse("differs from clusterIPs[0]");
    return fields;
}

void read_cluster_ips(const std::vector<Field>& fields, Service& service) {
    for (const Field& field : fields) {
        if (field.is_string() && field.text() == "None") {
            service.headless = true;
            if (fields.size() > 1) field.refuse("does not stand beside addresses");
        } else if (field.require()) {
            if (const auto addr = field.host_addr()) service.cluster_ips.push_back(*addr);
        }
    }
    const auto& ips = service.cluster_ips;
    if (fields.size() > 2)
        fields[2].refuse("is one too many: at most one address a family");
    else if (ips.size() == 2 && ips[0].family == ips[1].family)
        fields[1].refuse("is of the same family as the one before");
}

void read_families(const Field& spec, Service& service) {
    for (const Field& field : spec.at("ipFamilies").items()) {
        const auto family = field.choice(families);
        if (!family) continue;
        if (!service.families.empty() && service.families[0] == *family) field.refuse("is given twice");
        service.families.push_back(*family);
    }
    const Field policy = spec.at("ipFamilyPolicy");
    service.family_policy = policy.choice(family_policies).value_or(FamilyPolicy::single);
    const bool two = service.families.size() > 1 || service.cluster_ips.size() > 1;
    if (two && service.family_policy == FamilyPolicy::single)
        policy.refuse("must be PreferDualStack or RequireDualStack, as two families are given");
}

void check_families(const std::vector<Field>& ip_fields, const Service& service) {
    if (ip_fields.size() != service.cluster_ips.size()) return;  // told already
    for (std::size_t i = 0; i < ip_fields.size() && i < service.families.size(); ++i)
        if (service.cluster_ips[i].family != service.families[i])
            ip_fields[i].refuse(fmt::format("is not of the family of spec.ipFamilies[{}]", i));
}

void check_type(const Field& spec, const Service& service) {
    using enum Service::Type;
    const Field ip = spec.at("clusterIP");
    if (service.type == external_name) {
        if (!service.cluster_ips.empty()) ip.refuse("is not allowed with type ExternalName");
        if (spec.at("externalName").require()) (void)spec.at("externalName").text();
    } else if (service.headless && service.type != cluster_ip) {
        ip.refuse("is not allowed with type NodePort or LoadBalancer");
    }
}

void read_affinity(const Field& spec, Service& service) {
    const Field affinity = spec.at("sessionAffinity"), config = spec.at("sessionAffinityConfig").map();
    const auto by_client = affinity.choice(affinities);
    if (affinity.present() && !by_client) return;  // told already
    if (!by_client.value_or(false)) {
        if (config.present()) config.refuse("is only allowed with sessionAffinity ClientIP");
        return;
    }
    const Field timeout = config.at("clientIP").map().at("timeoutSeconds");
    const auto seconds = timeout.number().value_or(10800);  // as the API server fills it in
    if (seconds < 1 || seconds > 86400) return timeout.refuse("is outside 1-86400");
    service.affinity_seconds = static_cast<unsigned>(seconds);
}

}  // namespace

std::optional<model::Object> read_service(const Field& root, model::Meta meta) {
    Service service{.meta = std::move(meta)};
    const Field spec = root.at("spec").map();
    service.type = spec.at("type").choice(types).value_or(Service::Type::cluster_ip);
    const std::vector<Field> ip_fields = cluster_ip_fields(spec);
    read_cluster_ips(ip_fields, service);
    read_families(spec, service);
    check_families(ip_fields, service);
    check_type(spec, service);
    read_ports(spec, service);
    read_external(root, service);
    read_affinity(spec, service);
    service.distribution = spec.at("trafficDistribution").choice(distributions).value_or(Service::Distribution::any);
    service.algorithm = root.at("metadata").at("annotations").at("service.beeline.io/algorithm").choice(algorithms);
    service.forwarding =
        root.at("metadata").at("annotations").at("service.beeline.io/forwarding-mode").choice(forwardings);
    service.selector = read_labels(spec.at("selector"));
    service.publish_not_ready = spec.at("publishNotReadyAddresses").boolean().value_or(false);
    service.foreign_proxy = service.meta.labels.contains("service.kubernetes.io/service-proxy-name") ||
                            service.meta.labels.contains("service.kubernetes.io/headless");
    return service;
}

}  // namespace beeline::source::file
