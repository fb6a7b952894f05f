// GET /v1/services, /v1/services/{namespace}/{name}
#include <fmt/format.h>

#include "api/item_status.h"
#include "api/json.h"
#include "api/resources.h"

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

json::object backend_json(const plan::Backend& backend, const char* state, const Pods& pods) {
    json::object object{{"addr", to_string(backend.addr)}, {"port", backend.port.value}, {"state", state}};
    if (const auto pod = pods.find(backend.addr); pod != pods.end()) object["pod"] = pod->second;
    return object;
}

json::object frontend_json(const ServiceFrontend& service, const plan::Status& status, const Pods& pods) {
    json::array backends;
    for (const auto& backend : service.frontend->backends)
        backends.emplace_back(backend_json(backend, backend.terminating ? "terminating" : "active", pods));
    for (const auto& backend : service.frontend->draining)
        backends.emplace_back(backend_json(backend, "draining", pods));
    json::object object{{"addr", to_string(service.key->addr)},
                        {"port", service.key->port.value},
                        {"protocol", to_string(service.key->proto)},
                        {"port_name", service.port_name},
                        {"backends", std::move(backends)}};
    const auto item = status.frontends.find(*service.key);
    put_item(object, item == status.frontends.end() ? plan::ItemStatus{} : item->second);
    return object;
}

json::array ports_json(const model::Service& service) {
    json::array ports;
    for (const auto& port : service.ports) {
        const auto* number = std::get_if<Port>(&port.target_port);
        ports.emplace_back(json::object{
            {"name", port.name},
            {"protocol", to_string(port.proto)},
            {"port", port.port.value},
            {"target_port", number ? std::to_string(number->value) : std::get<std::string>(port.target_port)}});
    }
    return ports;
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
