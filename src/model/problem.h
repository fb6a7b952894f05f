// Something wrong with an input, in words for its author.
#pragma once
#include <optional>
#include <string>

#include "model/meta.h"

namespace beeline::model {

struct Problem {
    std::string file{};           // empty: not from a file
    int line = 0;                 // 1-based; 0: unknown
    std::string field{};          // "spec.ports[0].port"; may be empty
    std::string value{};          // as written, may be empty
    std::string reason{};         // "is outside 1-65535"
    std::optional<Ref> object{};  // if the document could be identified
    std::optional<Kind> kind{};   // if only its kind could be read; with neither it may be anything
    bool operator==(const Problem&) const = default;
};
// "web.yaml:14: spec.ports[0].port: '8x' is not a number (Service default/web)"
std::string to_string(const Problem& problem);

}  // namespace beeline::model
