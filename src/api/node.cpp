// GET /v1/node
#include "api/json.h"
#include "api/resources.h"

namespace beeline::api {
namespace {

Result<Response> node(const Context& context) {
    const auto snapshot = context.store.current();
    const auto& config = snapshot->node;
    json::array nodes;
    for (const auto& [name, object] : snapshot->nodes)
        nodes.emplace_back(json::object{{"name", name.name},
                                        {"addresses", texts_json(object->addresses)},
                                        {"pod_cidrs", texts_json(object->pod_cidrs)}});
    return json_response(json::object{{"name", config.name},
                                      {"pod_cidrs", texts_json(config.pod_cidrs)},
                                      {"service_cidrs", texts_json(config.service_cidrs)},
                                      {"routers", texts_json(config.routers)},
                                      {"mtu", config.mtu},
                                      {"version", context.version},
                                      {"nodes", std::move(nodes)}});
}

}  // namespace

void add_node(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/node", [&context](const Request&) { return node(context); });
}

}  // namespace beeline::api
