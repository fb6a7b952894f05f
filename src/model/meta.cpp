#include "model/meta.h"

#include <fmt/format.h>

#include <algorithm>

namespace beeline::model {
namespace {

bool holds(const Requirement& requirement, const Labels& labels) {
    const auto label = labels.find(requirement.key);
    const bool present = label != labels.end();
    const auto listed = [&] { return present && std::ranges::count(requirement.values, label->second) > 0; };
    switch (requirement.op) {
        case Requirement::Op::in:
            return listed();
        case Requirement::Op::not_in:
            return !listed();
        case Requirement::Op::exists:
            return present;
        case Requirement::Op::does_not_exist:
            return !present;
    }
    return false;
}

}  // namespace

const char* kind_name(Kind kind) {
    switch (kind) {
        case Kind::namespace_:
            return "Namespace";
        case Kind::node:
            return "Node";
        case Kind::pod:
            return "Pod";
        case Kind::service:
            return "Service";
        case Kind::endpoint_slice:
            return "EndpointSlice";
        case Kind::network_policy:
            return "NetworkPolicy";
    }
    return "Unknown";
}

Result<Kind> parse_kind(std::string_view name) {
    for (const Kind kind :
         {Kind::namespace_, Kind::node, Kind::pod, Kind::service, Kind::endpoint_slice, Kind::network_policy})
        if (name == kind_name(kind)) return kind;
    return fail(Errc::invalid, fmt::format("'{}' is not the name of a kind", name));
}

std::string to_string(const Ref& ref) {
    if (ref.ns.empty()) return fmt::format("{} {}", kind_name(ref.kind), ref.name);
    return fmt::format("{} {}/{}", kind_name(ref.kind), ref.ns, ref.name);
}

std::string to_string(const Name& name) {
    if (name.ns.empty()) return name.name;
    return fmt::format("{}/{}", name.ns, name.name);
}

Result<Name> parse_name(std::string_view text) {
    const auto slash = text.find('/');
    Name name{"default", std::string(text)};
    if (slash != text.npos) name = {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
    if (name.ns.empty() || name.name.empty() || name.name.contains('/'))
        return fail(Errc::invalid, fmt::format("'{}' is not of the form namespace/name", text));
    return name;
}

bool Selector::matches(const Labels& labels) const {
    for (const auto& [key, value] : match_labels) {
        const auto label = labels.find(key);
        if (label == labels.end() || label->second != value) return false;
    }
    return std::ranges::all_of(match_expressions, [&](const Requirement& r) { return holds(r, labels); });
}

}  // namespace beeline::model
