// GET, DELETE /v1/flows
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "api/peer_json.h"
#include "api/query.h"
#include "api/resources.h"
#include "flow/names.h"

namespace beeline::api {
namespace {

// Tables and answers are large: both are worked through in steps, between which the agent's loop does its other work.
constexpr std::size_t usual_limit = 1000, highest_limit = 100'000;

Result<std::optional<std::vector<Addr>>> parse_pod(Query& query, const model::Snapshot& snapshot) {
    const auto pod = TRY(query.pod("pod"));
    if (!pod) return std::nullopt;
    std::vector<Addr> addrs;
    for (const auto& [id, endpoint] : snapshot.endpoints) {
        if (endpoint->pod != *pod) continue;
        for (const auto& addr : {endpoint->addr4, endpoint->addr6})
            if (addr) addrs.push_back(*addr);
    }
    const auto object = snapshot.pods.find(*pod);
    if (addrs.empty() && object != snapshot.pods.end()) addrs = object->second->ips;
    if (addrs.empty()) return fail(Errc::not_found, fmt::format("no pod {} with an address", to_string(*pod)));
    return addrs;
}

void add_frontends(std::vector<plan::FrontendKey>& frontends, const model::Service& service,
                   const model::ServicePort& port) {
    for (const Addr& addr : model::addresses_of(service))
        frontends.push_back({addr, port.port, port.proto});
    if (port.node_port.value == 0) return;
    for (const Addr& addr : service.cluster_ips)
        frontends.push_back({Addr{.family = addr.family}, port.node_port, port.proto});
}

Result<std::optional<std::vector<plan::FrontendKey>>> parse_service(Query& query, const model::Snapshot& snapshot) {
    const auto text = TRY(query.text("service"));
    if (!text) return std::nullopt;
    const auto name = TRY(model::parse_name(*text));
    const auto service = snapshot.services.find(name);
    if (service == snapshot.services.end()) return fail(Errc::not_found, fmt::format("no Service {}", to_string(name)));
    std::vector<plan::FrontendKey> frontends;
    for (const auto& port : service->second->ports)
        add_frontends(frontends, *service->second, port);
    return frontends;
}

Result<std::optional<std::string>> parse_state(Query& query) {
    auto state = TRY(query.text("state"));
    constexpr std::array states{"new", "established", "closing", "denied", "stale"};
    if (state && std::ranges::find(states, *state) == states.end())
        return fail(Errc::invalid,
                    fmt::format("query parameter state: '{}' is none of {}", *state, fmt::join(states, ", ")));
    return state;
}

Result<plan::FlowFilter> parse_filter(Query& query, const model::Snapshot& snapshot) {
    plan::FlowFilter filter;
    filter.addr = TRY(query.prefix("addr"));
    filter.port = TRY(query.port("port"));
    filter.proto = TRY(query.proto("proto"));
    filter.family = TRY(query.family("family"));
    filter.addrs = TRY(parse_pod(query, snapshot));
    filter.service = TRY(parse_service(query, snapshot));
    filter.state = TRY(parse_state(query));
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
    const bool same = entry.saddr == entry.new_saddr && entry.daddr == entry.new_daddr &&
                      entry.sport == entry.new_sport && entry.dport == entry.new_dport;
    std::string service = names.frontend(entry.daddr, entry.dport, entry.proto, !same && !entry.reply);
    flow::Peer destination = names.peer(entry.daddr, entry.dport, entry.destination);
    if (!service.empty()) destination.name = service;
    if (service.empty() && entry.reply) service = names.frontend(entry.new_saddr, entry.new_sport, entry.proto, !same);
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
    if (!same && entry.state != "denied")
        object["translated"] = {{"source", side(entry.new_saddr, entry.new_sport)},
                                {"destination", side(entry.new_daddr, entry.new_dport)}};
    if (!service.empty()) object["service"] = service;
    return object;
}

// A walk that goes on until there is an answer.
struct Walk {
    const Context& context;
    std::unique_ptr<plan::FlowWalk> walk;
    Reply reply;
    Walk(const Context& c, std::unique_ptr<plan::FlowWalk> w, Reply r)
        : context(c), walk(std::move(w)), reply(std::move(r)) {}
};

struct Listing : Walk {
    using Walk::Walk;
    flow::Names names{context.store.current()};
    ArrayWriter array{R"({"flows":)"};
    std::size_t room = usual_limit;
    // The answer, or nullopt: there is more to walk.
    std::optional<Response> take(const plan::FlowStep& step) {
        const bool truncated = step.entries.size() > room;
        for (const auto& entry : step.entries | std::views::take(room))
            array.add(flow_json(entry, names));
        room -= std::min(room, step.entries.size());
        if (!truncated && !step.finished) return std::nullopt;
        return std::move(array).finish(fmt::format(R"(,"truncated":{}}})", truncated));
    }
};

struct Flush : Walk {
    using Walk::Walk;
    std::size_t removed = 0;
    std::optional<Response> take(const plan::FlowStep& step) {
        removed += step.removed;
        if (!step.finished) return std::nullopt;
        return json_response(json::object{{"removed", removed}});
    }
};

// One step a turn of the agent's loop, if there is one.
template <class Job>
void run(const std::shared_ptr<Job>& job) {
    for (;;) {
        auto step = job->walk->step();
        if (!step) return job->reply(error_response(step.error()));
        if (auto response = job->take(*step)) return job->reply(std::move(*response));
        if (job->context.later) return job->context.later([job] { run(job); });
    }
}

Result<> list(const Context& context, const Request& request, const Reply& reply) {
    Query query(request);
    const auto filter = TRY(parse_filter(query, *context.store.current()));
    const std::size_t limit = TRY(parse_limit(query));
    CHECK(query.finish());
    const auto job =
        std::make_shared<Listing>(context, TRY(context.inspector.walk_flows(filter, plan::FlowAction::list)), reply);
    job->room = limit;
    run(job);
    return {};
}

Result<> flush(const Context& context, const Request& request, const Reply& reply) {
    Query query(request);
    const auto filter = TRY(parse_filter(query, *context.store.current()));
    const bool all = TRY(query.boolean("all")).value_or(false);
    CHECK(query.finish());
    if (filter == plan::FlowFilter{} && !all)
        return fail(Errc::invalid, "no filter: all=true is needed to forget every flow");
    run(std::make_shared<Flush>(context, TRY(context.inspector.walk_flows(filter, plan::FlowAction::flush)), reply));
    return {};
}

Router::Handler answering(const Context& context, Result<> (*resource)(const Context&, const Request&, const Reply&)) {
    return [&context, resource](const Request& request, const Reply& reply) {
        if (const auto begun = resource(context, request, reply); !begun) reply(error_response(begun.error()));
    };
}

}  // namespace

void add_flows(Router& router, const Context& context) {
    router.add(Method::get, "/v1/flows", answering(context, list));
    router.add(Method::delete_, "/v1/flows", answering(context, flush));
}

}  // namespace beeline::api
