// Manifests of a directory, read and parsed; many of them by several threads.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "source/file/parse.h"

namespace beeline::source::file {

struct Wanted {
    std::string name;                    // in the directory
    std::optional<std::size_t> known{};  // Reading::hash of the last time
};

struct Reading {
    std::optional<std::size_t> hash{};  // of the content, or of why it cannot be read; none: there is no such file
    ParsedFile parsed{};                // empty if the hash is the known one
};

// What a file says that cannot be read.
ParsedFile refused(std::string file, std::string reason);

// One for each name, in their order; the same by one thread and by several. Returns when all threads have ended.
std::vector<Reading> read_manifests(const std::string& directory, const std::vector<Wanted>& names);

}  // namespace beeline::source::file
