// to_yaml_text(), through libyaml's emitter.
#include <fmt/format.h>
#include <yaml.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>

#include "apps/cli/json_text.h"
#include "base/addr.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

// Words that YAML 1.1 or 1.2 resolves to null, a boolean, a number, a merge or a default key.
constexpr std::array special{"~", "null", "true", "false", "yes", "no", "on", "off", "y", "n", "=", "<<"};

bool needs_quotes(std::string_view text) {
    if (text.empty()) return true;
    std::string lower(text);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (std::ranges::find(special, lower) != special.end()) return true;
    // Whatever could be a number, a time or a base-60 number; IPv4 addresses are none of these.
    const bool number_like =
        std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '+' || text[0] == '-' || text[0] == '.';
    const auto address = parse_addr(text);
    return number_like && !(address && address->v4());
}

class Emitter {
public:
    explicit Emitter(std::string& out) {
        yaml_emitter_initialize(&emitter_);
        yaml_emitter_set_unicode(&emitter_, 1);
        yaml_emitter_set_width(&emitter_, -1);
        yaml_emitter_set_output(&emitter_, append, &out);
    }
    ~Emitter() { yaml_emitter_delete(&emitter_); }
    Emitter(const Emitter&) = delete;
    Emitter& operator=(const Emitter&) = delete;

    void document(const json::value& value) {
        yaml_event_t event;
        yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING);
        yaml_emitter_emit(&emitter_, &event);
        yaml_document_start_event_initialize(&event, nullptr, nullptr, nullptr, 1);
        yaml_emitter_emit(&emitter_, &event);
        node(value);
        yaml_document_end_event_initialize(&event, 1);
        yaml_emitter_emit(&emitter_, &event);
        yaml_stream_end_event_initialize(&event);
        yaml_emitter_emit(&emitter_, &event);
    }

private:
    void node(const json::value& value) {
        if (const auto* object = value.if_object())
            mapping(*object);
        else if (const auto* list = value.if_array())
            sequence(*list);
        else if (const auto* text = value.if_string())
            string(*text);
        else
            scalar(value.is_double() ? fmt::format("{}", value.get_double()) : json::serialize(value),
                   YAML_PLAIN_SCALAR_STYLE);
    }

    void mapping(const json::object& object) {
        const auto style = object.empty() ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
        yaml_event_t event;
        yaml_mapping_start_event_initialize(&event, nullptr, nullptr, 1, style);
        yaml_emitter_emit(&emitter_, &event);
        for (const auto& member : object) {
            string(member.key());
            node(member.value());
        }
        yaml_mapping_end_event_initialize(&event);
        yaml_emitter_emit(&emitter_, &event);
    }

    void sequence(const json::array& list) {
        const auto style = list.empty() ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
        yaml_event_t event;
        yaml_sequence_start_event_initialize(&event, nullptr, nullptr, 1, style);
        yaml_emitter_emit(&emitter_, &event);
        for (const auto& item : list)
            node(item);
        yaml_sequence_end_event_initialize(&event);
        yaml_emitter_emit(&emitter_, &event);
    }

    void string(std::string_view text) {
        if (text.find('\n') != std::string_view::npos)
            scalar(text, YAML_LITERAL_SCALAR_STYLE);
        else
            scalar(text, needs_quotes(text) ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : YAML_PLAIN_SCALAR_STYLE);
    }

    void scalar(std::string_view text, yaml_scalar_style_t style) {
        std::string bytes(text);
        yaml_event_t event;
        yaml_scalar_event_initialize(&event, nullptr, nullptr, reinterpret_cast<yaml_char_t*>(bytes.data()),
                                     static_cast<int>(bytes.size()), 1, 1, style);
        yaml_emitter_emit(&emitter_, &event);
    }

    static int append(void* out, unsigned char* bytes, std::size_t size) {
        static_cast<std::string*>(out)->append(reinterpret_cast<const char*>(bytes), size);
        return 1;
    }

    yaml_emitter_t emitter_{};
};

}  // namespace

std::string to_yaml_text(const json::value& value) {
    std::string out;
    Emitter(out).document(value);
    return out;
}

}  // namespace beeline::cli
