// Values as text for -o json and -o yaml, and tolerant reading of the agent's answers.
#pragma once
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace beeline::cli {

// Indented by two, members in the order of the value, one newline at the end.
std::string to_json_text(const boost::json::value& value);
// One YAML document in block style; strings that YAML would read as something else are quoted.
std::string to_yaml_text(const boost::json::value& value);

// Members by their path: at(flow, "source.addr"). Missing, or of another type: "", 0, false, an empty list. Numbers
// asked for as text are printed. An agent newer or older than this program must not break its tables.
std::string text_at(const boost::json::value& value, std::string_view path);
std::int64_t number_at(const boost::json::value& value, std::string_view path);
double real_at(const boost::json::value& value, std::string_view path);
bool bool_at(const boost::json::value& value, std::string_view path);
const boost::json::array& list_at(const boost::json::value& value, std::string_view path);
// The value itself as a list, if it is one.
const boost::json::array& list_of(const boost::json::value& value);
bool has(const boost::json::value& value, std::string_view path);
// "app=web,tier=front", ordered by key
std::string labels_at(const boost::json::value& value, std::string_view path);
// The texts of a list: "a, b"
std::string joined_at(const boost::json::value& value, std::string_view path);

}  // namespace beeline::cli
