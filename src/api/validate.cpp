// POST /v1/validate
#include <fmt/format.h>

#include <algorithm>

#include "api/json.h"
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

json::object verdict_json(const Validation& found) {
    json::array objects, problems;
    for (const auto& object : found.objects)
        objects.emplace_back(object_json(object));
    for (const auto& problem : found.problems)
        problems.emplace_back(problem_json(problem));
    return {{"file", found.file},
            {"ok", found.problems.empty()},
            {"objects", std::move(objects)},
            {"problems", std::move(problems)},
            {"ignored", strings_json(found.ignored)}};
}

Result<std::string> text_of(const json::object& file, const char* field, std::size_t index) {
    const json::value* value = file.if_contains(field);
    if (!value || !value->is_string())
        return fail(Errc::invalid, fmt::format("body: files[{}].{}: is not a string", index, field));
    return std::string(value->get_string());
}

Result<std::vector<ManifestText>> parse_files(const std::string& body) {
    boost::system::error_code error;
    json::parse_options options;
    options.allow_invalid_utf8 = true;  // a mistake in a manifest, to be told as such
    const json::value value = json::parse(body, error, {}, options);
    if (error) return fail(Errc::invalid, fmt::format("body: not JSON: {}", error.message()));
    const json::value* list = value.is_object() ? value.get_object().if_contains("files") : nullptr;
    if (!list || !list->is_array()) return fail(Errc::invalid, "body: files: is not a list");
    std::vector<ManifestText> files;
    for (const auto& item : list->get_array()) {
        const std::size_t index = files.size();
        if (!item.is_object()) return fail(Errc::invalid, fmt::format("body: files[{}]: is not an object", index));
        files.push_back(
            {TRY(text_of(item.get_object(), "file", index)), TRY(text_of(item.get_object(), "text", index))});
        if (files.back().file.empty()) return fail(Errc::invalid, fmt::format("body: files[{}].file: is empty", index));
    }
    return files;
}

Result<Response> validate(const Context& context, const Request& request) {
    const auto found = context.editor.validate(TRY(parse_files(request.body)));
    json::array files;
    for (const Validation& file : found)
        files.emplace_back(verdict_json(file));
    const bool ok = std::ranges::all_of(found, [](const Validation& file) { return file.problems.empty(); });
    return json_response(json::object{{"ok", ok}, {"files", std::move(files)}});
}

}  // namespace

void add_validate(Router& router, const Context& context) {
    router.add_sync(Method::post, "/v1/validate",
                    [&context](const Request& request) { return validate(context, request); });
}

}  // namespace beeline::api
