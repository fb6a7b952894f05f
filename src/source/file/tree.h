// One YAML (or JSON) document as a tree of values with their lines. The types are resolved as Kubernetes' own tools
// do: YAML 1.1, so that a plain yes is a boolean and "80" in quotes is a string.
#pragma once
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/file/split.h"

namespace beeline::source::file {

struct Tree {
    enum class Kind : std::uint8_t { null, boolean, integer, real, string, list, map };
    Kind kind = Kind::null;
    bool quoted = false;  // a string that was written in quotes or as a block
    int line = 0;         // of the file, 1-based; for a map or list under a key: the key's
    std::string key{};    // in a map: the name of this entry; unique
    std::string text{};   // a scalar as written, quotes and escapes resolved
    std::vector<Tree> children{};

    const Tree* find(std::string_view name) const;
};
// "a string", "a map", …
const char* kind_text(Tree::Kind kind);

// Why a document cannot be read at all.
struct Malformed {
    int line = 0;
    std::string reason;
};
inline Malformed to_error(Malformed malformed) {
    return malformed;
}

// What a document may hold; beyond it is malformed. Real objects, and lists of thousands of them, stay far below.
struct Bounds {
    unsigned depth = 64;
    std::size_t values = 1'000'000;
    std::size_t aliased_values = 10'000;  // held by anchors and put in for aliases
};

// Nothing for a document without a value (only comments, or null).
std::expected<std::optional<Tree>, Malformed> parse_tree(const Chunk& chunk, const Bounds& bounds = {});

}  // namespace beeline::source::file
