// GET, POST /v1/endpoints; GET, DELETE /v1/endpoints/{id}
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "api/item_status.h"
#include "api/json.h"
#include "api/query.h"
#include "api/resources.h"
#include "flow/names.h"

namespace beeline::api {
namespace {

json::object isolating(const model::Snapshot& snapshot, const model::Endpoint& endpoint) {
    json::array ingress, egress;
    for (const auto& [name, policy] : snapshot.policies) {
        if (!flow::selects(*policy, endpoint.pod, endpoint.labels)) continue;
        if (policy->isolates_ingress) ingress.emplace_back(to_string(name));
        if (policy->isolates_egress) egress.emplace_back(to_string(name));
    }
    return {{"ingress", std::move(ingress)}, {"egress", std::move(egress)}};
}

json::object endpoint_json(const model::Endpoint& endpoint, const model::Snapshot& snapshot,
                           const plan::Status& status) {
    json::object object{{"id", endpoint.id.value},
                        {"pod", to_string(endpoint.pod)},
                        {"namespace", endpoint.pod.ns},
                        {"name", endpoint.pod.name},
                        {"netns", endpoint.netns},
                        {"ifname", endpoint.ifname},
                        {"host_ifname", fmt::format("bl{}", endpoint.id.value)},
                        {"identity", endpoint.identity.value},
                        {"labels", labels_json(endpoint.labels)},
                        {"own_labels", labels_json(endpoint.own_labels)},
                        {"up", status.up.contains(endpoint.id)},
                        {"created_ms", endpoint.created_ms},
                        {"policies", isolating(snapshot, endpoint)}};
    if (endpoint.addr4) object["addr4"] = to_string(*endpoint.addr4);
    if (endpoint.addr6) object["addr6"] = to_string(*endpoint.addr6);
    put_item(object, endpoint_status(status, endpoint.id));
    object.erase("in_force");
    return object;
}

Result<EndpointId> parse_id(const Request& request) {
    const std::string& text = request.captures.at("id");
    std::uint16_t id = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || rest != text.data() + text.size() || id == 0)
        return fail(Errc::invalid, fmt::format("endpoint id '{}' is not a number of 1-65535", text));
    return EndpointId{id};
}

Result<Response> get_one(const Context& context, EndpointId id) {
    const auto snapshot = context.store.current();
    const auto found = snapshot->endpoints.find(id);
    if (found == snapshot->endpoints.end()) return fail(Errc::not_found, fmt::format("no endpoint {}", id.value));
    return json_response(endpoint_json(*found->second, *snapshot, context.inspector.status()));
}

Result<Response> list(const Context& context, const Request& request) {
    Query query(request);
    const auto pod = TRY(query.pod("pod"));
    CHECK(query.finish());
    const auto snapshot = context.store.current();
    const auto status = context.inspector.status();
    ArrayWriter array;
    for (const auto& [id, endpoint] : snapshot->endpoints)
        if (!pod || *pod == endpoint->pod) array.add(endpoint_json(*endpoint, *snapshot, status));
    return std::move(array).finish();
}

// The fields of a POST body, each with its reader.
class Body {
public:
    explicit Body(const json::object& object) : object_(object) {}

    Result<std::string> text(const char* field) {
        const json::value* value = object_.if_contains(field);
        if (!value) return std::string();
        if (!value->is_string()) return fail(Errc::invalid, fmt::format("{}: is not a string", field));
        return std::string(value->get_string());
    }
    Result<std::string> required(const char* field) {
        auto value = TRY(text(field));
        if (value.empty()) return fail(Errc::invalid, fmt::format("{}: is missing", field));
        return value;
    }
    Result<std::optional<Addr>> addr(const char* field, Family family) {
        const auto value = TRY(text(field));
        if (value.empty()) return std::nullopt;
        const auto parsed = parse_addr(value);
        if (!parsed || parsed->family != family)
            return fail(Errc::invalid,
                        fmt::format("{}: '{}' is not an IPv{} address", field, value, static_cast<int>(family)));
        return *parsed;
    }
    Result<model::Labels> labels() {
        model::Labels labels;
        const json::value* value = object_.if_contains("labels");
        if (!value) return labels;
        if (!value->is_object()) return fail(Errc::invalid, "labels: is not an object");
        for (const auto& [key, label] : value->get_object()) {
            if (!label.is_string()) return fail(Errc::invalid, fmt::format("labels.{}: is not a string", key));
            labels[key] = std::string(label.get_string());
        }
        return labels;
    }
    Result<> only(std::initializer_list<std::string_view> known) {
        for (const auto& [key, value] : object_)
            if (std::ranges::find(known, std::string_view(key)) == known.end())
                return fail(Errc::invalid, fmt::format("unknown field '{}'", key));
        return {};
    }

private:
    const json::object& object_;
};

Result<std::string> parse_ifname(std::string name) {
    if (name.empty()) return std::string("eth0");
    if (name.size() > 15 || name == "." || name == ".." || name.find_first_of("/: \t\n") != name.npos)
        return fail(Errc::invalid, fmt::format("ifname: '{}' cannot be the name of an interface", name));
    return name;
}

Result<store::EndpointRequest> parse_request(const std::string& text) {
    boost::system::error_code error;
    const json::value value = json::parse(text, error);
    if (error) return fail(Errc::invalid, fmt::format("body: not JSON: {}", error.message()));
    if (!value.is_object()) return fail(Errc::invalid, "body: is not a JSON object");
    Body body(value.get_object());
    CHECK(body.only({"pod", "netns", "labels", "ifname", "addr4", "addr6"}));
    store::EndpointRequest request;
    const auto pod_text = TRY(body.required("pod"));
    auto pod = model::parse_name(pod_text);
    if (!pod) return fail("pod: ", std::move(pod).error());
    request.pod = std::move(*pod);
    request.netns = TRY(body.required("netns"));
    if (!request.netns.starts_with('/'))
        return fail(Errc::invalid, fmt::format("netns: '{}' is not an absolute path", request.netns));
    request.labels = TRY(body.labels());
    const auto ifname = TRY(body.text("ifname"));
    request.ifname = TRY(parse_ifname(ifname));
    request.addr4 = TRY(body.addr("addr4", Family::v4));
    request.addr6 = TRY(body.addr("addr6", Family::v6));
    return request;
}

void post(const Context& context, const Request& request, const Reply& reply) {
    auto wanted = parse_request(request.body);
    if (!wanted) return reply(error_response(wanted.error()));
    context.editor.add_endpoint(std::move(*wanted), [&context, reply](const Result<Editor::Added>& added) {
        if (!added) return reply(error_response(added.error()));
        auto response = get_one(context, added->id);
        if (!response) return reply(error_response(response.error()));
        response->status = added->created ? 201 : 200;
        reply(std::move(*response));
    });
}

void remove(const Context& context, const Request& request, const Reply& reply) {
    const auto id = parse_id(request);
    if (!id) return reply(error_response(id.error()));
    context.editor.remove_endpoint(*id, [id = *id, reply](const Result<>& removed) {
        reply(removed ? json_response(json::object{{"id", id.value}}) : error_response(removed.error()));
    });
}

}  // namespace

void add_endpoints(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/endpoints",
                    [&context](const Request& request) { return list(context, request); });
    router.add(Method::post, "/v1/endpoints",
               [&context](const Request& request, const Reply& reply) { post(context, request, reply); });
    router.add_sync(Method::get, "/v1/endpoints/{id}", [&context](const Request& request) -> Result<Response> {
        return get_one(context, TRY(parse_id(request)));
    });
    router.add(Method::delete_, "/v1/endpoints/{id}",
               [&context](const Request& request, const Reply& reply) { remove(context, request, reply); });
}

}  // namespace beeline::api
