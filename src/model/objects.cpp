#include "model/objects.h"

#include <array>

#include "base/hash.h"

namespace beeline::model {
namespace {

// In the order of the alternatives of Object.
constexpr std::array kinds{Kind::namespace_, Kind::node,           Kind::pod,
                           Kind::service,    Kind::endpoint_slice, Kind::network_policy};
static_assert(kinds.size() == std::variant_size_v<Object>);

const Meta& meta_of(const Object& object) {
    return std::visit([](const auto& o) -> const Meta& { return o.meta; }, object);
}

// 0 means "none" where these numbers are used.
std::uint32_t never_zero(std::uint32_t hash) {
    return hash == 0 ? 1 : hash;
}

}  // namespace

Ref ref_of(const Object& object) {
    const Meta& meta = meta_of(object);
    return {kinds[object.index()], meta.ns, meta.name};
}

const Origin& origin_of(const Object& object) {
    return meta_of(object).origin;
}

std::vector<Addr> addresses_of(const Service& service) {
    std::vector<Addr> all = service.cluster_ips;
    all.insert(all.end(), service.external_ips.begin(), service.external_ips.end());
    for (const LoadBalancerIngress& ingress : service.ingress)
        if (!ingress.proxy) all.push_back(ingress.addr);
    return all;
}

bool is_on_nodes(const Service& service) {
    return service.type == Service::Type::node_port || service.type == Service::Type::load_balancer;
}

bool has_node_ports(const Service& service) {
    return is_on_nodes(service) && (service.type == Service::Type::node_port || service.allocate_node_ports);
}

RuleId rule_id(const Name& policy, bool egress, unsigned index) {
    const std::uint32_t name = fnv1a(to_string(policy));
    return {never_zero(fnv1a(std::to_string(index), fnv1a(egress ? "/egress/" : "/ingress/", name)))};
}

std::uint32_t service_port_id(const Name& service, const std::string& port, Proto proto) {
    const std::uint32_t name = fnv1a(to_string(service));
    return never_zero(fnv1a(to_string(proto), fnv1a(":" + port + "/", name)));
}

}  // namespace beeline::model
