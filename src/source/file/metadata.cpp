#include "source/file/metadata.h"

#include <fmt/format.h>

#include <charconv>

namespace beeline::source::file {
namespace {

using Op = model::Requirement::Op;

constexpr Choice<Op> operators[]{
    {"In", Op::in}, {"NotIn", Op::not_in}, {"Exists", Op::exists}, {"DoesNotExist", Op::does_not_exist}};

model::Requirement read_requirement(const Field& field) {
    model::Requirement requirement;
    const Field key = field.at("key"), op = field.at("operator"), values = field.at("values");
    if (key.require()) requirement.key = key.text(label_key).value_or("");
    const std::vector<Field> items = values.items();
    for (const Field& value : items)
        if (value.require()) requirement.values.push_back(value.text(label_value).value_or(""));
    const auto given = op.require() ? op.choice(operators) : std::nullopt;
    if (!given) return requirement;
    requirement.op = *given;
    const bool takes_values = *given == Op::in || *given == Op::not_in;
    if (takes_values && items.empty()) values.refuse("is required by In and NotIn");
    if (!takes_values && !items.empty()) values.refuse("is not allowed with Exists and DoesNotExist");
    return requirement;
}

}  // namespace

model::Labels read_labels(const Field& map) {
    model::Labels labels;
    for (const Field& label : map.entries()) {
        if (!label_key.holds(label.key())) map.report().add(label.line(), label.path(), label.key(), label_key.broken);
        if (!label.present())
            label.refuse("is null, not a string");
        else if (auto value = label.text(label_value))
            labels.emplace(label.key(), std::move(*value));
    }
    return labels;
}

model::Selector read_selector(const Field& map) {
    model::Selector selector;
    selector.match_labels = read_labels(map.at("matchLabels"));
    for (const Field& expression : map.at("matchExpressions").maps())
        selector.match_expressions.push_back(read_requirement(expression));
    return selector;
}

Proto read_protocol(const Field& field) {
    static constexpr Choice<Proto> protocols[]{{"TCP", Proto::tcp}, {"UDP", Proto::udp}, {"SCTP", Proto::sctp}};
    return field.choice(protocols).value_or(Proto::tcp);
}

unsigned read_weight(const Field& root) {
    const Field field = root.at("metadata").at("annotations").at("service.beeline.io/weight");
    const auto text = field.text();
    if (!text) return 1;
    unsigned weight = 0;
    const char* end = text->data() + text->size();
    const auto read = std::from_chars(text->data(), end, weight);
    if (read.ec == std::errc() && read.ptr == end && weight <= model::most_weight) return weight;
    field.refuse(fmt::format("is not a whole number from 0 to {}", model::most_weight));
    return 1;
}

model::Meta read_meta(const Field& root, const MetaRule& rule) {
    model::Meta meta;
    meta.origin = {root.report().file(), root.line()};
    const Field metadata = root.at("metadata").map();
    if (metadata.at("name").require()) meta.name = metadata.at("name").text(rule.name).value_or("");
    const Field ns = metadata.at("namespace");
    if (rule.namespaced) {
        // An empty string means the default here as it does for kubectl.
        const bool defaulted = !ns.present() || (ns.is_string() && ns.text() == "");
        meta.ns = defaulted ? "default" : ns.text(dns_label).value_or("");
    } else if (ns.present()) {
        ns.refuse("is not allowed: the kind belongs to no namespace");
    }
    meta.labels = read_labels(metadata.at("labels"));
    return meta;
}

}  // namespace beeline::source::file
