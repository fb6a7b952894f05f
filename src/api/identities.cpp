// GET /v1/identities
#include "abi/endpoint.h"
#include "api/json.h"
#include "api/resources.h"
#include "api/text.h"
#include "flow/names.h"

namespace beeline::api {
namespace {

json::object identity_json(IdentityId id, const std::string& name, const model::IdentityLabels& labels) {
    return {{"id", id.value},
            {"name", name},
            {"reserved", id.value < abi::identity_first_user},
            {"namespace", labels.ns},
            {"labels", labels_json(labels.labels)},
            {"endpoints", json::array{}}};
}

Result<Response> list(const Context& context) {
    const auto snapshot = context.store.current();
    std::map<IdentityId, json::object> identities;
    for (const std::uint32_t reserved : {abi::identity_host, abi::identity_world, abi::identity_unmanaged})
        identities[{reserved}] = identity_json({reserved}, flow::identity_name({reserved}), {});
    for (const auto& [labels, id] : snapshot->identities)
        identities[id] = identity_json(id, labels.ns + ": " + labels_text(labels.labels), labels);
    for (const auto& [id, endpoint] : snapshot->endpoints)
        if (const auto identity = identities.find(endpoint->identity); identity != identities.end())
            identity->second["endpoints"].as_array().emplace_back(id.value);
    ArrayWriter array;
    for (const auto& [id, identity] : identities)
        array.add(identity);
    return std::move(array).finish();
}

}  // namespace

void add_identities(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/identities", [&context](const Request&) { return list(context); });
}

}  // namespace beeline::api
