#include "api/json.h"

#include <utility>

namespace beeline::api {

json::object labels_json(const model::Labels& labels) {
    json::object object;
    for (const auto& [key, value] : labels)
        object[key] = value;
    return object;
}

json::object problem_json(const model::Problem& problem) {
    json::object object{{"text", to_string(problem)}};
    if (!problem.file.empty()) object["file"] = problem.file;
    if (problem.line > 0) object["line"] = problem.line;
    if (!problem.field.empty()) object["field"] = problem.field;
    if (!problem.value.empty()) object["value"] = problem.value;
    object["reason"] = problem.reason;
    if (const auto& ref = problem.object)
        object["object"] = {{"kind", kind_name(ref->kind)}, {"namespace", ref->ns}, {"name", ref->name}};
    return object;
}

json::array strings_json(std::span<const std::string> strings) {
    json::array texts;
    for (const auto& text : strings)
        texts.emplace_back(text);
    return texts;
}

void put_origin(json::object& object, const model::Origin& origin) {
    if (origin.file.empty()) return;
    object["file"] = origin.file;
    if (origin.line > 0) object["line"] = origin.line;
}

void put_item(json::object& object, const plan::ItemStatus& status) {
    object["in_force"] = status.in_force.value != 0 && status.error.empty();
    if (status.since_ms != 0) object["since_ms"] = status.since_ms;
    if (!status.error.empty()) object["error"] = status.error;
}

Response json_response(const json::value& value) {
    return {.body = json::serialize(value) + "\n"};
}

void ArrayWriter::add(const json::object& element) {
    if (!std::exchange(empty_, false)) text_ += ",\n";
    text_ += json::serialize(element);
}

Response ArrayWriter::finish(const std::string& end) && {
    text_ += "]" + end + after_ + "\n";
    return {.body = std::move(text_)};
}

}  // namespace beeline::api
