// Kubernetes manifests, YAML or JSON: text in, objects and problems out. No I/O.
#pragma once
#include <set>
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

// A document as it was written, and the objects it brought.
struct Document {
    int line = 1;  // of the file, where the text begins; 1-based
    std::string text;
    std::set<model::Ref> objects;  // several in a List; those with a problem are not among them
    bool operator==(const Document&) const = default;
};

// All that one file says. An object with a problem is not among the objects.
struct ParsedFile {
    std::vector<model::Object> objects;
    std::vector<model::Problem> problems;  // ordered by line
    std::vector<Ignored> ignored;
    std::vector<Document> documents{};  // those that brought an object
};

inline constexpr std::size_t max_file_bytes = std::size_t{32} << 20;
inline constexpr std::size_t max_file_problems = 1000;

// `file` is the name problems and origins carry. Never fails as a whole: a document that is wrong is left out, with
// all that is wrong with it.
ParsedFile parse_manifests(std::string_view text, std::string file);
// The same of one of its documents, alone: the same objects from the same lines.
ParsedFile parse_document(const Document& document, std::string file);

}  // namespace beeline::source::file
