// GET /v1/dump/{snapshot|plan|maps|diff}: each stage of the pipeline as text
#include <fmt/format.h>

#include "api/json.h"
#include "api/resources.h"
#include "api/text.h"

namespace beeline::api {
namespace {

Response dump(const char* stage, std::string_view text, json::object more) {
    more["stage"] = stage;
    more["text"] = text;
    return json_response(more);
}

Result<Response> dump_maps(const Context& context) {
    std::string text;
    json::array rows;
    for (const auto& row : TRY(context.inspector.map_rows())) {
        text += fmt::format("{} {} {}\n", row.map, row.key, row.value);
        rows.emplace_back(json::object{{"map", row.map}, {"key", row.key}, {"value", row.value}});
    }
    return dump("maps", text, {{"rows", std::move(rows)}});
}

Result<Response> dump_diff(const Context& context) {
    std::string text;
    json::array rows;
    for (const auto& row : TRY(context.inspector.diff())) {
        text += fmt::format("{} {} {}", row.sign, row.map, row.key);
        if (row.sign != '-') text += " wanted " + row.wanted;
        if (row.sign != '+') text += " actual " + row.actual;
        text += "\n";
        rows.emplace_back(json::object{{"sign", std::string(1, row.sign)},
                                       {"map", row.map},
                                       {"key", row.key},
                                       {"wanted", row.wanted},
                                       {"actual", row.actual}});
    }
    return dump("diff", text, {{"rows", std::move(rows)}});
}

Result<Response> any(const Context& context, const std::string& stage) {
    if (stage == "snapshot") {
        const auto snapshot = context.store.current();
        return dump("snapshot", snapshot_text(*snapshot), {{"generation", snapshot->generation.value}});
    }
    if (stage == "plan") {
        const auto plan = context.plan();
        return dump("plan", to_text(*plan), {{"generation", plan->generation.value}});
    }
    if (stage == "maps") return dump_maps(context);
    if (stage == "diff") return dump_diff(context);
    return fail(Errc::not_found, fmt::format("no stage '{}': there are snapshot, plan, maps and diff", stage));
}

}  // namespace

void add_dump(Router& router, const Context& context) {
    router.add_sync(Method::get, "/v1/dump/{stage}",
                    [&context](const Request& request) { return any(context, request.captures.at("stage")); });
}

}  // namespace beeline::api
