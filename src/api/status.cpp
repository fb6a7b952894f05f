// GET /v1/status
#include "api/item_status.h"
#include "api/json.h"
#include "api/resources.h"
#include "base/time.h"

namespace beeline::api {
namespace {

// The objects in force with their state; problems are then laid over them.
class ObjectList {
public:
    json::object& add(const char* kind, const model::Name& name, const plan::ItemStatus& status) {
        json::object object{{"kind", kind}, {"namespace", name.ns}, {"name", name.name}, {"limits", json::array{}}};
        put_item(object, status);
        list_.emplace_back(std::move(object));
        return list_.back().as_object();
    }
    json::object& add(const model::Meta& meta, model::Kind kind, const plan::ItemStatus& status) {
        json::object& object = add(kind_name(kind), {meta.ns, meta.name}, status);
        put_origin(object, meta.origin);
        places_[{kind, meta.ns, meta.name}] = list_.size() - 1;
        return object;
    }
    // A refused document: its last good version stays in force, or it never had one.
    void add(const model::Problem& problem) {
        if (!problem.object) return;
        const auto& [kind, ns, name] = *problem.object;
        if (!places_.contains(*problem.object))
            add({ns, name, {}, {problem.file, problem.line}}, kind, plan::ItemStatus{});
        json::object& object = list_[places_.at(*problem.object)].as_object();
        if (!object.contains("error")) object["error"] = to_string(problem);
    }
    json::array finish() && { return std::move(list_); }

private:
    json::array list_;
    std::map<model::Ref, std::size_t> places_;
};

template <class T>
void add_plain(ObjectList& list, const model::Objects<T>& objects, model::Kind kind, const plan::Status& status) {
    for (const auto& [name, object] : objects)
        list.add(object->meta, kind, plain_status(status));
}

json::array objects_json(const model::Snapshot& snapshot, const plan::Plan& plan, const plan::Status& status,
                         const std::vector<model::Problem>& problems) {
    ObjectList list;
    add_plain(list, snapshot.namespaces, model::Kind::namespace_, status);
    add_plain(list, snapshot.nodes, model::Kind::node, status);
    add_plain(list, snapshot.pods, model::Kind::pod, status);
    auto frontends = frontends_by_service(snapshot, plan);
    auto limits = limits_by_service(snapshot, plan);
    for (const auto& [name, service] : snapshot.services) {
        const auto item = service_status(status, frontends[name], limits[name]);
        list.add(service->meta, model::Kind::service, item)["limits"] = strings_json(limits[name]);
    }
    add_plain(list, snapshot.slices, model::Kind::endpoint_slice, status);
    for (const auto& [name, policy] : snapshot.policies) {
        auto& object = list.add(policy->meta, model::Kind::network_policy, policy_status(status, snapshot, *policy));
        object["limits"] = strings_json(policy->limits);
    }
    for (const auto& [id, endpoint] : snapshot.endpoints)
        list.add("Endpoint", endpoint->pod, endpoint_status(status, id))["id"] = id.value;
    for (const auto& problem : problems)
        list.add(problem);
    return std::move(list).finish();
}

json::array problems_json(const std::vector<model::Problem>& problems) {
    json::array list;
    for (const auto& problem : problems)
        list.emplace_back(problem_json(problem));
    return list;
}

json::array errors_json(const Context& context, const plan::Status& status) {
    json::array errors = strings_json(context.notes);
    for (const auto& error : status.errors)
        errors.emplace_back(error);
    return errors;
}

Result<Response> status_of(const Context& context) {
    const auto snapshot = context.store.current();
    const auto status = context.inspector.status();
    const auto problems = context.store.problems();
    const auto events = context.journal.totals();
    return json_response(json::object{
        {"version", context.version},
        {"node", snapshot->node.name},
        {"generation", {{"wanted", status.wanted.value}, {"in_force", status.in_force.value}}},
        {"since_ms", status.since_ms},
        {"uptime_s", static_cast<double>(unix_ms() - context.started_ms) / 1000},
        {"devices", strings_json(status.devices)},
        {"endpoints", {{"total", snapshot->endpoints.size()}, {"up", status.up.size()}}},
        {"services", snapshot->services.size()},
        {"policies", snapshot->policies.size()},
        {"identities", snapshot->identities.size()},
        {"events", {{"received", events.received}, {"malformed", events.malformed}, {"lost", events.lost}}},
        {"objects", objects_json(*snapshot, *context.plan(), status, problems)},
        {"problems", problems_json(problems)},
        {"errors", errors_json(context, status)},
        {"warnings", strings_json(status.warnings)},
    });
}

}  // namespace

void add_status(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/status", [&context](const Request&) { return status_of(context); });
}

}  // namespace beeline::api
