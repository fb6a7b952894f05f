// Values as JSON, the parts that several resources share. The shapes are those of docs/api/openapi.yaml.
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <span>
#include <string_view>

#include "api/context.h"
#include "api/http.h"

namespace beeline::api {

namespace json = boost::json;

json::object labels_json(const model::Labels& labels);
json::object problem_json(const model::Problem& problem);
json::array strings_json(std::span<const std::string> strings);
template <class Values>
json::array texts_json(const Values& values) {  // of what to_string() knows
    json::array texts;
    for (const auto& value : values)
        texts.emplace_back(to_string(value));
    return texts;
}
// Adds "file" and "line" unless the object comes from no file.
void put_origin(json::object& object, const model::Origin& origin);
// Adds in_force, and since_ms and error where there is one.
void put_item(json::object& object, const plan::ItemStatus& status);

// 200 with the value as body.
Response json_response(const json::value& value);
// 200 with a list whose elements are made one by one: a flow table is long. `before` and `after` stand around it.
class ArrayWriter {
public:
    explicit ArrayWriter(std::string before = "", std::string after = "")
        : text_(std::move(before) + "["), after_(std::move(after)) {}
    void add(const json::object& element);
    // `end` follows the array, before what was given as `after`.
    Response finish(const std::string& end = "") &&;

private:
    std::string text_, after_;
    bool empty_ = true;
};

}  // namespace beeline::api
