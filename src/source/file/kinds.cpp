#include "source/file/kinds.h"

namespace beeline::source::file {
namespace {

using model::Kind;

const KindRow rows[]{
    {"v1", "Namespace", Kind::namespace_, {false, dns_label}, read_namespace},
    {"v1", "Node", Kind::node, {false, dns_subdomain}, read_node},
    {"v1", "Pod", Kind::pod, {true, dns_subdomain}, read_pod},
    {"v1", "Service", Kind::service, {true, dns_label}, read_service},
    {"discovery.k8s.io/v1", "EndpointSlice", Kind::endpoint_slice, {true, dns_subdomain}, read_endpoint_slice},
    {"networking.k8s.io/v1", "NetworkPolicy", Kind::network_policy, {true, dns_subdomain}, read_network_policy},
};

// "networking.k8s.io/v1" → "networking.k8s.io"; "v1" → "".
std::string_view group_of(std::string_view api_version) {
    const auto slash = api_version.find('/');
    return slash == api_version.npos ? std::string_view{} : api_version.substr(0, slash);
}

}  // namespace

const KindRow* find_kind(std::string_view api_version, std::string_view name) {
    for (const KindRow& row : rows)
        if (row.name == name && row.api_version == api_version) return &row;
    return nullptr;
}

const KindRow* find_near_kind(std::string_view api_version, std::string_view name) {
    const std::string_view group = group_of(api_version);
    for (const KindRow& row : rows) {
        const bool near = group.empty() || group == "extensions" || group == group_of(row.api_version);
        if (row.name == name && near) return &row;
    }
    return nullptr;
}

}  // namespace beeline::source::file
