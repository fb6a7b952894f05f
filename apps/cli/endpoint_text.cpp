#include "apps/cli/endpoint_text.h"

#include "api/client/target.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/time_text.h"

namespace beeline::cli {

Result<boost::json::array> endpoints_named(const Context& context, const std::string& word) {
    if (is_number(word)) {
        auto endpoint = TRY(context.agent().get(api::client::target({"v1", "endpoints", word})));
        return boost::json::array{std::move(endpoint)};
    }
    const auto pod = TRY(object_name(word));
    const auto text = pod.ns + "/" + pod.name;
    const auto answer = TRY(context.agent().get(api::client::target({"v1", "endpoints"}, {{"pod", text}})));
    if (list_of(answer).empty()) return fail(Errc::not_found, "there is no endpoint for pod " + text + " on this node");
    return list_of(answer);
}

Cell endpoint_state(const boost::json::value& endpoint) {
    if (bool_at(endpoint, "up")) return {"up", Tone::good};
    return {has(endpoint, "error") ? "failed" : "down", Tone::bad};
}

Table endpoint_table(const boost::json::array& endpoints, std::int64_t now_ms) {
    Table table({"ID", "POD", "STATE", "IPV4", "IPV6", "IDENTITY", "INTERFACE", "AGE"});
    table.none_are("endpoints");
    for (const auto& endpoint : endpoints)
        table.row({text_at(endpoint, "id"), text_at(endpoint, "pod"), endpoint_state(endpoint),
                   text_at(endpoint, "addr4"), text_at(endpoint, "addr6"), text_at(endpoint, "identity"),
                   text_at(endpoint, "host_ifname"), age_text(now_ms, number_at(endpoint, "created_ms"))});
    return table;
}

}  // namespace beeline::cli
