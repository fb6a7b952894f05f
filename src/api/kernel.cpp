// What is in the kernel: GET /v1/hooks, /v1/counters, /v1/maps, /v1/doctor
#include "abi/drop_reason.h"
#include "api/json.h"
#include "api/resources.h"

namespace beeline::api {
namespace {

// Counters carry the reason's name; its text stands in the one list.
const char* text_of(const std::string& reason) {
#define X(name, code, text) \
    if (reason == #name) return text;
    BEELINE_REASONS(X)
#undef X
    return "unknown reason";
}

Result<Response> hooks(const Context& context) {
    ArrayWriter array;
    for (const auto& hook : TRY(context.inspector.hooks()))
        array.add({{"device", hook.device},
                   {"hook", hook.hook},
                   {"program", hook.program},
                   {"program_id", hook.program_id},
                   {"link_id", hook.link_id},
                   {"tag", hook.tag},
                   {"owner", hook.owner}});
    return std::move(array).finish();
}

Result<Response> counters(const Context& context) {
    ArrayWriter array;
    for (const auto& counter : TRY(context.inspector.counters())) {
        if (counter.packets == 0) continue;
        array.add({{"reason", counter.reason},
                   {"reason_text", text_of(counter.reason)},
                   {"hook", counter.hook},
                   {"direction", counter.direction},
                   {"drop", counter.drop},
                   {"packets", counter.packets},
                   {"bytes", counter.bytes}});
    }
    return std::move(array).finish();
}

Result<Response> maps(const Context& context) {
    ArrayWriter array;
    for (const auto& map : TRY(context.inspector.maps()))
        array.add({{"name", map.name},
                   {"kind", map.kind},
                   {"id", map.id},
                   {"entries", map.entries},
                   {"max_entries", map.max_entries},
                   {"memlock", map.memlock}});
    return std::move(array).finish();
}

}  // namespace

Response doctor_response(const std::vector<plan::Check>& checks) {
    json::array list;
    bool ok = true;
    for (const auto& check : checks) {
        ok = ok && (check.ok || !check.fatal);
        list.emplace_back(
            json::object{{"name", check.name}, {"ok", check.ok}, {"fatal", check.fatal}, {"detail", check.detail}});
    }
    return json_response(json::object{{"ok", ok}, {"checks", std::move(list)}});
}

void add_kernel(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/hooks", [&context](const Request&) { return hooks(context); });
    router.add_sync(Method::get, "/v1/counters", [&context](const Request&) { return counters(context); });
    router.add_sync(Method::get, "/v1/maps", [&context](const Request&) { return maps(context); });
    router.add_sync(Method::get, "/v1/doctor", [&context](const Request&) -> Result<Response> {
        return doctor_response(context.inspector.doctor());
    });
}

}  // namespace beeline::api
