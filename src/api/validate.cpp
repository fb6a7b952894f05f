// POST /v1/validate?file=NAME
#include "api/json.h"
#include "api/query.h"
#include "api/resources.h"

namespace beeline::api {
namespace {

json::object object_json(const model::Object& object) {
    const model::Ref ref = ref_of(object);
    json::array limits;
    if (const auto* policy = std::get_if<model::NetworkPolicy>(&object)) limits = strings_json(policy->limits);
    return {{"kind", kind_name(ref.kind)},
            {"namespace", ref.ns},
            {"name", ref.name},
            {"line", origin_of(object).line},
            {"limits", std::move(limits)}};
}

Result<Response> validate(const Context& context, const Request& request) {
    Query query(request);
    const auto file = TRY(query.text("file"));
    CHECK(query.finish());
    if (!file || file->empty()) return fail(Errc::invalid, "query parameter file: is missing");
    const Validation found = context.editor.validate(*file, request.body);
    json::array objects, problems;
    for (const auto& object : found.objects)
        objects.emplace_back(object_json(object));
    for (const auto& problem : found.problems)
        problems.emplace_back(problem_json(problem));
    return json_response(json::object{{"ok", found.problems.empty()},
                                      {"objects", std::move(objects)},
                                      {"problems", std::move(problems)},
                                      {"ignored", strings_json(found.ignored)}});
}

}  // namespace

void add_validate(Router& router, const Context& context) {
    router.add_sync(Method::post, "/v1/validate",
                    [&context](const Request& request) { return validate(context, request); });
}

}  // namespace beeline::api
