// What every object carries: its name, labels, and where it was read.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/types.h"

namespace beeline::model {

using Labels = std::map<std::string, std::string>;

enum class Kind : std::uint8_t { namespace_, node, pod, service, endpoint_slice, network_policy };
const char* kind_name(Kind kind);  // "Service", …
Result<Kind> parse_kind(std::string_view name);

// Identity of an object. Cluster-scoped kinds have an empty namespace.
struct Ref {
    Kind kind = Kind::pod;
    std::string ns{};
    std::string name{};
    auto operator<=>(const Ref&) const = default;
};
std::string to_string(const Ref& ref);  // "Service default/web"

// Where an object comes from: "web.yaml", line of its first key (1-based); line 0: not from a file.
struct Origin {
    std::string file{};
    int line = 0;
    bool operator==(const Origin&) const = default;
};

// A name inside a namespace: "default/web".
struct Name {
    std::string ns{};
    std::string name{};
    auto operator<=>(const Name&) const = default;
};
std::string to_string(const Name& name);
Result<Name> parse_name(std::string_view text);  // "namespace/name"; without a slash: namespace "default"

// LabelSelector. Both parts must hold. Everything empty selects everything.
struct Requirement {
    enum class Op : std::uint8_t { in, not_in, exists, does_not_exist };
    std::string key{};
    Op op = Op::exists;
    std::vector<std::string> values{};
    bool operator==(const Requirement&) const = default;
};
struct Selector {
    Labels match_labels{};
    std::vector<Requirement> match_expressions{};
    bool matches(const Labels& labels) const;
    bool operator==(const Selector&) const = default;
};

}  // namespace beeline::model
