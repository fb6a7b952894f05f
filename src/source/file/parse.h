// Kubernetes manifests, YAML or JSON: text in, objects and problems out. No I/O.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "model/objects.h"
#include "model/problem.h"

namespace beeline::source::file {

// A document of a kind Beeline does not read; normal in files that also hold Deployments.
struct Ignored {
    model::Origin origin;
    std::string kind;  // "apps/v1 Deployment"
    bool operator==(const Ignored&) const = default;
};

// All that one file says. An object with a problem is not among the objects.
struct ParsedFile {
    std::vector<model::Object> objects;
    std::vector<model::Problem> problems;  // ordered by line
    std::vector<Ignored> ignored;
};

inline constexpr std::size_t max_file_bytes = std::size_t{32} << 20;
inline constexpr std::size_t max_file_problems = 1000;

// `file` is the name problems and origins carry. Never fails as a whole: a document that is wrong is left out, with
// all that is wrong with it.
ParsedFile parse_manifests(std::string_view text, std::string file);

}  // namespace beeline::source::file
