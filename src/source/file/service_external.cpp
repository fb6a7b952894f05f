#include "source/file/service_external.h"

#include <fmt/format.h>

#include <algorithm>

namespace beeline::source::file {
namespace {

using model::Service;
using model::TrafficPolicy;
using enum Service::Type;

constexpr Choice<TrafficPolicy> policies[]{{"Cluster", TrafficPolicy::cluster}, {"Local", TrafficPolicy::local}};
constexpr Choice<bool> ip_modes[]{{"VIP", false}, {"Proxy", true}};
constexpr const char* ranges_annotation = "service.beta.kubernetes.io/load-balancer-source-ranges";
constexpr const char* needs_load_balancer = "is only allowed with type LoadBalancer";

// The API server lets one address stand twice; twice the same row would be one too many.
template <class T>
void add_unique(std::vector<T>& list, const T& value) {
    if (std::ranges::find(list, value) == list.end()) list.push_back(value);
}

void read_external_ips(const std::vector<Field>& fields, Service& service) {
    for (const Field& field : fields)
        if (const auto addr = field.require() ? field.host_addr() : std::nullopt)
            add_unique(service.external_ips, *addr);
}

void read_ingress(const Field& list, Service& service) {
    const std::vector<Field> fields = list.maps();
    if (!fields.empty() && service.type != load_balancer) list.refuse(needs_load_balancer);
    for (const Field& field : fields) {
        const Field ip = field.at("ip"), mode = field.at("ipMode");
        const bool proxy = mode.choice(ip_modes).value_or(false);
        const bool named = !ip.present() || (ip.is_string() && ip.text() == "");  // by hostname alone: for DNS
        if (named && mode.present()) mode.refuse("is not allowed without ip");
        const auto addr = named ? std::nullopt : ip.host_addr();
        if (addr) add_unique(service.ingress, {*addr, proxy});
    }
}

void read_policies(const Field& spec, bool outside, Service& service) {
    service.internal_policy = spec.at("internalTrafficPolicy").choice(policies).value_or(TrafficPolicy::cluster);
    const Field external = spec.at("externalTrafficPolicy");
    service.external_policy = external.choice(policies).value_or(TrafficPolicy::cluster);
    if (external.present() && !outside)
        external.refuse("is only allowed with type NodePort or LoadBalancer, or with externalIPs");
    const Field health = spec.at("healthCheckNodePort");
    const bool given = health.present() && !health.is_zero();
    const auto port = given ? health.port() : std::nullopt;
    if (!port) return;
    service.health_check_node_port = *port;
    if (service.type != load_balancer || service.external_policy != TrafficPolicy::local)
        health.refuse("is only allowed with type LoadBalancer and externalTrafficPolicy Local");
    for (const model::ServicePort& other : service.ports)
        if (other.proto == Proto::tcp && other.node_port == *port) health.refuse("is a nodePort of this Service, too");
}

// Blanks around a range were allowed in the annotation, and so they are in the field.
std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\n\v\f\r";
    const auto first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

void read_range_field(const Field& field, Service& service) {
    const auto text = field.require() ? field.text() : std::nullopt;
    if (!text) return;
    const std::string_view given = trimmed(*text);
    const auto range = parse_prefix(given);
    if (range) return add_unique(service.source_ranges, *range);
    field.refuse(range.error().what.substr(given.size() + std::string_view("'' ").size()));
}

void read_range_annotation(const Field& field, Service& service) {
    const std::string text = field.text().value_or("");
    std::string_view rest = trimmed(text);
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        if (const auto range = parse_prefix(trimmed(rest.substr(0, comma))))
            add_unique(service.source_ranges, *range);
        else
            field.refuse("is wrong: " + tidy(range.error().what, longest_path));
        if (comma == rest.npos) return;
        rest.remove_prefix(comma + 1);
        if (rest.empty()) field.refuse("ends in a comma");
    }
}

void read_source_ranges(const Field& root, Service& service) {
    const Field field = root.at("spec").at("loadBalancerSourceRanges");
    const Field annotation = root.at("metadata").at("annotations").at(ranges_annotation);
    const std::vector<Field> items = field.items();
    const Field& used = items.empty() ? annotation : field;
    if (!used.present()) return;
    if (service.type != load_balancer) return used.refuse(needs_load_balancer);
    for (const Field& item : items)
        read_range_field(item, service);
    if (items.empty()) read_range_annotation(annotation, service);
}

}  // namespace

void read_external(const Field& root, Service& service) {
    const Field spec = root.at("spec");
    const std::vector<Field> external_ips = spec.at("externalIPs").items();
    read_external_ips(external_ips, service);
    read_ingress(root.at("status").map().at("loadBalancer").map().at("ingress"), service);
    read_policies(spec, is_on_nodes(service) || (service.type == cluster_ip && !external_ips.empty()), service);
    const Field allocate = spec.at("allocateLoadBalancerNodePorts");
    service.allocate_node_ports = allocate.boolean().value_or(true);
    if (allocate.present() && service.type != load_balancer) allocate.refuse(needs_load_balancer);
    read_source_ranges(root, service);
}

}  // namespace beeline::source::file
