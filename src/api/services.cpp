// GET /v1/services, /v1/services/{namespace}/{name}
#include <fmt/format.h>

#include <algorithm>

#include "api/item_status.h"
#include "api/json.h"
#include "api/resources.h"
#include "api/text.h"

namespace beeline::api {
namespace {

using Pods = std::map<Addr, std::string>;

Pods local_pods(const model::Snapshot& snapshot) {
    Pods pods;
    for (const auto& [id, endpoint] : snapshot.endpoints)
        for (const auto& addr : {endpoint->addr4, endpoint->addr6})
            if (addr) pods[*addr] = to_string(endpoint->pod);
    return pods;
}

const char* type_name(model::Service::Type type) {
    switch (type) {
        case model::Service::Type::cluster_ip:
            return "ClusterIP";
        case model::Service::Type::node_port:
            return "NodePort";
        case model::Service::Type::load_balancer:
            return "LoadBalancer";
        case model::Service::Type::external_name:
            return "ExternalName";
    }
    return "unknown";
}

const char* distribution_name(model::Service::Distribution distribution) {
    return distribution == model::Service::Distribution::same_node ? "PreferSameNode" : "PreferSameZone";
}

// Who may choose it: "inside" are containers and processes of this node, "outside" clients who come by its devices. Not
// said where there is no difference.
using Scope = const char*;

json::object backend_json(const plan::Backend& backend, const char* state, Scope scope, const Pods& pods) {
    json::object object{{"addr", to_string(backend.addr)}, {"port", backend.port.value}, {"state", state}};
    if (scope != nullptr) object["scope"] = scope;
    if (backend.weight != 1) object["weight"] = backend.weight;
    if (const auto pod = pods.find(backend.addr); pod != pods.end()) object["pod"] = pod->second;
    return object;
}

json::array backends_json(const plan::Frontend& frontend, const Pods& pods) {
    const std::vector<plan::Backend> nobody;
    const auto& outside = frontend.outside ? *frontend.outside : nobody;
    const bool scoped = frontend.kind != plan::FrontendKind::cluster_ip && outside != frontend.backends;
    json::array backends;
    const auto put = [&](const plan::Backend& backend, Scope scope) {
        const char* state = backend.terminating ? "terminating" : "active";
        backends.emplace_back(backend_json(backend, state, scoped ? scope : nullptr, pods));
    };
    for (const auto& backend : frontend.backends)
        put(backend, std::ranges::binary_search(outside, backend) ? "all" : "inside");
    for (const auto& backend : outside)
        if (!std::ranges::binary_search(frontend.backends, backend)) put(backend, "outside");
    for (const auto& backend : frontend.draining)
        backends.emplace_back(backend_json(backend, "draining", nullptr, pods));
    return backends;
}

json::object frontend_json(const ServiceFrontend& service, const plan::Status& status, const Pods& pods) {
    json::object object{{"kind", plan::kind_name(service.frontend->kind)},
                        {"addr", to_string(service.key->addr)},
                        {"port", service.key->port.value},
                        {"protocol", to_string(service.key->proto)},
                        {"port_name", service.port_name},
                        {"backends", backends_json(*service.frontend, pods)}};
    if (service.frontend->elsewhere) object["elsewhere"] = true;
    const auto item = status.frontends.find(*service.key);
    put_item(object, item == status.frontends.end() ? plan::ItemStatus{} : item->second);
    return object;
}

json::array ports_json(const model::Service& service) {
    json::array ports;
    for (const auto& port : service.ports) {
        const auto* number = std::get_if<Port>(&port.target_port);
        json::object object{
            {"name", port.name},
            {"protocol", to_string(port.proto)},
            {"port", port.port.value},
            {"target_port", number ? std::to_string(number->value) : std::get<std::string>(port.target_port)}};
        if (port.node_port.value != 0) object["node_port"] = port.node_port.value;
        ports.emplace_back(std::move(object));
    }
    return ports;
}

// What makes a Service more than a cluster address; absent where it says nothing else than Kubernetes would.
void put_exposure(json::object& object, const model::Service& service, const model::NodeConfig& node) {
    std::vector<Addr> ingress;
    ingress.reserve(service.ingress.size());
    for (const auto& entry : service.ingress)
        ingress.push_back(entry.addr);
    if (!service.external_ips.empty()) object["external_ips"] = texts_json(service.external_ips);
    if (!ingress.empty()) object["load_balancer_ips"] = texts_json(ingress);
    if (!service.source_ranges.empty()) object["source_ranges"] = texts_json(service.source_ranges);
    if (service.internal_policy == model::TrafficPolicy::local) object["internal_traffic_policy"] = "Local";
    if (service.external_policy == model::TrafficPolicy::local) object["external_traffic_policy"] = "Local";
    if (service.distribution != model::Service::Distribution::any)
        object["traffic_distribution"] = distribution_name(service.distribution);
    const auto algorithm = service.algorithm.value_or(node.algorithm);
    if (algorithm != model::Algorithm::random) object["algorithm"] = algorithm_text(algorithm);
    if (service.forwarding.value_or(node.forwarding) == model::Forwarding::dsr) object["forwarding"] = "dsr";
    if (service.affinity_seconds) object["affinity_seconds"] = *service.affinity_seconds;
    if (service.health_check_node_port.value != 0)
        object["health_check_node_port"] = service.health_check_node_port.value;
}

// Everything the resources need to know of one moment.
struct View {
    model::SnapshotPtr snapshot;
    std::shared_ptr<const plan::Plan> plan;
    plan::Status status;
    Pods pods;
    std::map<model::Name, std::vector<ServiceFrontend>> frontends;
    std::map<model::Name, std::vector<std::string>> limits;

    explicit View(const Context& context)
        : snapshot(context.store.current()),
          plan(context.plan()),
          status(context.inspector.status()),
          pods(local_pods(*snapshot)),
          frontends(frontends_by_service(*snapshot, *plan)),
          limits(limits_by_service(*snapshot, *plan)) {}
};

json::object service_json(const model::Service& service, View& view) {
    const auto& mine = view.frontends[{service.meta.ns, service.meta.name}];
    const auto& limits = view.limits[{service.meta.ns, service.meta.name}];
    json::array frontends;
    for (const auto& frontend : mine)
        frontends.emplace_back(frontend_json(frontend, view.status, view.pods));
    json::object object{{"namespace", service.meta.ns},
                        {"name", service.meta.name},
                        {"type", type_name(service.type)},
                        {"headless", service.headless},
                        {"foreign_proxy", service.foreign_proxy},
                        {"cluster_ips", texts_json(service.cluster_ips)},
                        {"selector", labels_json(service.selector)},
                        {"ports", ports_json(service)},
                        {"frontends", std::move(frontends)},
                        {"limits", strings_json(limits)}};
    put_exposure(object, service, view.snapshot->node);
    put_origin(object, service.meta.origin);
    put_item(object, service_status(view.status, mine, limits));
    return object;
}

Result<Response> list(const Context& context) {
    View view(context);
    ArrayWriter array;
    for (const auto& [name, service] : view.snapshot->services)
        array.add(service_json(*service, view));
    return std::move(array).finish();
}

Result<Response> get(const Context& context, const Request& request) {
    View view(context);
    const model::Name name{request.captures.at("namespace"), request.captures.at("name")};
    const auto found = view.snapshot->services.find(name);
    if (found == view.snapshot->services.end())
        return fail(Errc::not_found, fmt::format("no Service {}", to_string(name)));
    return json_response(service_json(*found->second, view));
}

}  // namespace

void add_services(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/services", [&context](const Request&) { return list(context); });
    router.add_sync(Method::get, "/v1/services/{namespace}/{name}",
                    [&context](const Request& request) { return get(context, request); });
}

}  // namespace beeline::api
