#include <fmt/format.h>

#include <algorithm>

#include "source/file/kinds.h"

namespace beeline::source::file {
namespace {

enum class AddressType { ipv4, ipv6, fqdn };
constexpr Choice<AddressType> address_types[]{
    {"IPv4", AddressType::ipv4}, {"IPv6", AddressType::ipv6}, {"FQDN", AddressType::fqdn}};

constexpr std::size_t most_hints = 8;  // of a kind, as in the API

// The names in hints.forZones or hints.forNodes: for whom the endpoint is meant.
std::vector<std::string> read_hints(const Field& list, const Rule& rule) {
    std::vector<std::string> names;
    const std::vector<Field> fields = list.maps();
    if (fields.size() > most_hints) list.refuse(fmt::format("has more than {} items", most_hints));
    for (const Field& field : fields) {
        const Field name = field.at("name");
        auto text = name.require() ? name.text(rule) : std::nullopt;
        if (!text) continue;
        if (std::ranges::find(names, *text) != names.end()) name.refuse("is given twice");
        names.push_back(std::move(*text));
    }
    return names;
}

model::SliceEndpoint read_endpoint(const Field& field, Family family) {
    model::SliceEndpoint endpoint;
    for (const Field& address : field.at("addresses").require_items()) {
        const auto addr = address.require() ? address.host_addr() : std::nullopt;
        if (!addr) continue;
        if (addr->family != family) address.refuse("is not of the slice's addressType");
        endpoint.addresses.push_back(*addr);
    }
    // What is not stated: ready counts as true, serving as ready says, terminating as false.
    const Field conditions = field.at("conditions").map();
    endpoint.ready = conditions.at("ready").boolean().value_or(true);
    endpoint.serving = conditions.at("serving").boolean().value_or(endpoint.ready);
    endpoint.terminating = conditions.at("terminating").boolean().value_or(false);
    endpoint.node_name = field.at("nodeName").text(dns_subdomain).value_or("");
    const Field hints = field.at("hints").map();
    endpoint.hint_zones = read_hints(hints.at("forZones"), label_value);  // a zone is the value of a Node's label
    endpoint.hint_nodes = read_hints(hints.at("forNodes"), dns_subdomain);
    return endpoint;
}

void read_ports(const Field& list, std::vector<model::SlicePort>& ports) {
    for (const Field& field : list.maps()) {
        model::SlicePort port;
        port.name = field.at("name").text(dns_label_or_empty).value_or("");
        port.proto = read_protocol(field.at("protocol"));
        // A port without a number is what slices of headless services have: nothing to translate to.
        const bool numbered = field.at("port").present();
        port.port = field.at("port").port().value_or(Port{});
        if (numbered) ports.push_back(std::move(port));
    }
}

}  // namespace

std::optional<model::Object> read_endpoint_slice(const Field& root, model::Meta meta) {
    model::EndpointSlice slice{.meta = std::move(meta)};
    const Field type_field = root.at("addressType");
    const auto type = type_field.require() ? type_field.choice(address_types) : std::nullopt;
    if (!type || *type == AddressType::fqdn) return {};  // names are for DNS, not for the datapath
    slice.family = *type == AddressType::ipv4 ? Family::v4 : Family::v6;
    if (const auto service = slice.meta.labels.find("kubernetes.io/service-name"); service != slice.meta.labels.end())
        slice.service = {slice.meta.ns, service->second};
    for (const Field& endpoint : root.at("endpoints").maps())
        slice.endpoints.push_back(read_endpoint(endpoint, slice.family));
    read_ports(root.at("ports"), slice.ports);
    slice.weight = read_weight(root);
    return slice;
}

}  // namespace beeline::source::file
