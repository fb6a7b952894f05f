// GET /v1/policies, /v1/policies/{namespace}/{name}
#include <fmt/format.h>

#include "api/item_status.h"
#include "api/json.h"
#include "api/resources.h"
#include "api/text.h"

namespace beeline::api {
namespace {

void add_rules(json::array& list, const model::NetworkPolicy& policy, bool egress) {
    const auto& rules = egress ? policy.egress : policy.ingress;
    for (unsigned i = 0; i < rules.size(); i++)
        list.emplace_back(json::object{{"id", model::rule_id({policy.meta.ns, policy.meta.name}, egress, i).value},
                                       {"direction", egress ? "egress" : "ingress"},
                                       {"index", i},
                                       {"text", rule_text(rules[i], egress)}});
}

json::object policy_json(const model::NetworkPolicy& policy, const model::Snapshot& snapshot,
                         const plan::Status& status) {
    json::array rules, selected;
    add_rules(rules, policy, false);
    add_rules(rules, policy, true);
    for (const auto* endpoint : selected_endpoints(snapshot, policy))
        selected.emplace_back(json::object{{"id", endpoint->id.value}, {"pod", to_string(endpoint->pod)}});
    const std::string selector = selector_text(policy.pods);
    json::object object{{"namespace", policy.meta.ns},
                        {"name", policy.meta.name},
                        {"selector", selector.empty() ? "all pods" : selector},
                        {"isolates", {{"ingress", policy.isolates_ingress}, {"egress", policy.isolates_egress}}},
                        {"selected", std::move(selected)},
                        {"rules", std::move(rules)},
                        {"limits", strings_json(policy.limits)}};
    put_origin(object, policy.meta.origin);
    put_item(object, policy_status(status, snapshot, policy));
    return object;
}

Result<Response> list(const Context& context) {
    const auto snapshot = context.store.current();
    const auto status = context.inspector.status();
    ArrayWriter array;
    for (const auto& [name, policy] : snapshot->policies)
        array.add(policy_json(*policy, *snapshot, status));
    return std::move(array).finish();
}

Result<Response> get(const Context& context, const Request& request) {
    const auto snapshot = context.store.current();
    const model::Name name{request.captures.at("namespace"), request.captures.at("name")};
    const auto found = snapshot->policies.find(name);
    if (found == snapshot->policies.end())
        return fail(Errc::not_found, fmt::format("no NetworkPolicy {}", to_string(name)));
    return json_response(policy_json(*found->second, *snapshot, context.inspector.status()));
}

}  // namespace

void add_policies(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/policies", [&context](const Request&) { return list(context); });
    router.add_sync(Method::get, "/v1/policies/{namespace}/{name}",
                    [&context](const Request& request) { return get(context, request); });
}

}  // namespace beeline::api
