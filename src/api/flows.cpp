// GET, DELETE /v1/flows
#include <fmt/format.h>

#include "api/peer_json.h"
#include "api/query.h"
#include "api/resources.h"
#include "flow/names.h"

namespace beeline::api {
namespace {

// The table is walked and the answer made in the agent's loop, which also has packets to answer for.
constexpr std::size_t usual_limit = 1000, highest_limit = 100'000;

Result<plan::FlowFilter> parse_filter(Query& query) {
    plan::FlowFilter filter;
    filter.addr = TRY(query.prefix("addr"));
    filter.port = TRY(query.port("port"));
    filter.proto = TRY(query.proto("proto"));
    filter.family = TRY(query.family("family"));
    return filter;
}

Result<std::size_t> parse_limit(Query& query) {
    const auto limit = TRY(query.number("limit")).value_or(usual_limit);
    if (limit == 0 || limit > highest_limit)
        return fail(Errc::invalid, fmt::format("query parameter limit: '{}' is outside 1-{}", limit, highest_limit));
    return limit;
}

json::object side(const Addr& addr, Port port) {
    return {{"addr", to_string(addr)}, {"port", port.value}};
}

json::object flow_json(const plan::FlowEntry& entry, const flow::Names& names) {
    // The client's side of a service flow shows the frontend as destination, the backend's as what leaves.
    std::string service = names.frontend(entry.daddr, entry.dport, entry.proto);
    flow::Peer destination = names.peer(entry.daddr, entry.dport, entry.destination);
    if (!service.empty()) destination.name = service;
    if (service.empty() && entry.reply) service = names.frontend(entry.new_saddr, entry.new_sport, entry.proto);
    json::object object{{"family", static_cast<int>(entry.saddr.family)},
                        {"protocol", to_string(entry.proto)},
                        {"source", peer_json(names.peer(entry.saddr, entry.sport, entry.source))},
                        {"destination", peer_json(destination)},
                        {"direction", entry.reply ? "reply" : "original"},
                        {"table", entry.young ? "young" : "flows"},
                        {"current", entry.current},
                        {"state", entry.state},
                        {"deliver", entry.deliver},
                        {"in_ifindex", entry.in_if.value},
                        {"out_ifindex", entry.out_if.value},
                        {"packets", entry.packets},
                        {"bytes", entry.bytes},
                        {"idle_s", entry.idle},
                        {"expires_s", entry.expires}};
    const bool same = entry.saddr == entry.new_saddr && entry.daddr == entry.new_daddr &&
                      entry.sport == entry.new_sport && entry.dport == entry.new_dport;
    if (!same && entry.state != "denied")
        object["translated"] = {{"source", side(entry.new_saddr, entry.new_sport)},
                                {"destination", side(entry.new_daddr, entry.new_dport)}};
    if (!service.empty()) object["service"] = service;
    return object;
}

Result<Response> list(const Context& context, const Request& request) {
    Query query(request);
    auto filter = TRY(parse_filter(query));
    const std::size_t limit = TRY(parse_limit(query));
    CHECK(query.finish());
    filter.limit = limit + 1;
    auto entries = TRY(context.inspector.flows(filter));
    const bool truncated = entries.size() > limit;
    if (truncated) entries.resize(limit);
    const flow::Names names(context.store.current());
    ArrayWriter array(fmt::format(R"({{"truncated":{},"flows":)", truncated), "}");
    for (const auto& entry : entries)
        array.add(flow_json(entry, names));
    return std::move(array).finish();
}

Result<Response> flush(const Context& context, const Request& request) {
    Query query(request);
    const auto filter = TRY(parse_filter(query));
    CHECK(query.finish());
    const std::size_t removed = TRY(context.inspector.flush_flows(filter));
    return json_response(json::object{{"removed", removed}});
}

}  // namespace

void add_flows(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/flows", [&context](const Request& request) { return list(context, request); });
    router.add_sync(Method::delete_, "/v1/flows",
                    [&context](const Request& request) { return flush(context, request); });
}

}  // namespace beeline::api
