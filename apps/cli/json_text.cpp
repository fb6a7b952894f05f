#include "apps/cli/json_text.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <map>

namespace beeline::cli {
namespace {

namespace json = boost::json;

const json::array no_list;

const json::value* find(const json::value& value, std::string_view path) {
    const json::value* at = &value;
    while (at != nullptr && !path.empty()) {
        const auto dot = path.find('.');
        const auto* object = at->if_object();
        at = object != nullptr ? object->if_contains(path.substr(0, dot)) : nullptr;
        path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    }
    return at;
}

void write(const json::value& value, std::string& out, const std::string& indent);

template <class Items, class Each>
void write_all(const Items& items, std::string& out, const std::string& indent, Each each) {
    const char* separator = "";
    for (const auto& item : items) {
        out += separator;
        out += "\n" + indent + "  ";
        each(item);
        separator = ",";
    }
    out += "\n" + indent;
}

void write(const json::value& value, std::string& out, const std::string& indent) {
    if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
        out += '{';
        write_all(*object, out, indent, [&](const auto& member) {
            out += json::serialize(member.key()) + ": ";
            write(member.value(), out, indent + "  ");
        });
        out += '}';
    } else if (const auto* list = value.if_array(); list != nullptr && !list->empty()) {
        out += '[';
        write_all(*list, out, indent, [&](const auto& item) { write(item, out, indent + "  "); });
        out += ']';
    } else {
        out += value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value);
    }
}

std::string scalar(const json::value& value) {
    if (const auto* text = value.if_string()) return std::string(*text);
    if (value.is_double()) return fmt::format("{}", value.get_double());
    return json::serialize(value);
}

}  // namespace

std::string to_json_text(const json::value& value) {
    std::string out;
    write(value, out, "");
    return out + "\n";
}

std::string text_at(const json::value& value, std::string_view path) {
    const auto* found = find(value, path);
    return found == nullptr || found->is_null() || found->is_structured() ? std::string{} : scalar(*found);
}

std::int64_t number_at(const json::value& value, std::string_view path) {
    return static_cast<std::int64_t>(real_at(value, path));
}

double real_at(const json::value& value, std::string_view path) {
    const auto* found = find(value, path);
    if (found == nullptr) return 0;
    if (found->is_double()) return found->get_double();
    if (found->is_int64()) return static_cast<double>(found->get_int64());
    return found->is_uint64() ? static_cast<double>(found->get_uint64()) : 0;
}

bool bool_at(const json::value& value, std::string_view path) {
    const auto* found = find(value, path);
    return found != nullptr && found->is_bool() && found->get_bool();
}

const json::array& list_at(const json::value& value, std::string_view path) {
    const auto* found = find(value, path);
    return found != nullptr && found->is_array() ? found->get_array() : no_list;
}

const json::array& list_of(const json::value& value) {
    return value.is_array() ? value.get_array() : no_list;
}

bool has(const json::value& value, std::string_view path) {
    const auto* found = find(value, path);
    return found != nullptr && !found->is_null();
}

std::string labels_at(const json::value& value, std::string_view path) {
    const auto* found = find(value, path);
    if (found == nullptr || !found->is_object()) return {};
    std::map<std::string, std::string> labels;
    for (const auto& member : found->get_object())
        labels.emplace(member.key(), scalar(member.value()));
    std::string out;
    for (const auto& [key, text] : labels)
        fmt::format_to(std::back_inserter(out), "{}{}={}", out.empty() ? "" : ",", key, text);
    return out;
}

std::string joined_at(const json::value& value, std::string_view path) {
    std::string out;
    for (const auto& item : list_at(value, path))
        out += (out.empty() ? "" : ", ") + scalar(item);
    return out;
}

}  // namespace beeline::cli
