// The kinds Beeline reads. A new one is its own file with a read function, declared here, and a row in kinds.cpp.
#pragma once
#include <optional>
#include <string_view>

#include "model/objects.h"
#include "source/file/metadata.h"

namespace beeline::source::file {

// Reads the rest of a document whose metadata is read. The object counts only if the report stays clean; nothing
// with a clean report: valid, but without a meaning for Beeline.
using ReadObject = std::optional<model::Object>(const Field& root, model::Meta meta);

ReadObject read_namespace;
ReadObject read_node;
ReadObject read_pod;
ReadObject read_service;
ReadObject read_endpoint_slice;
ReadObject read_network_policy;

struct KindRow {
    std::string_view api_version;
    std::string_view name;
    model::Kind kind;
    MetaRule meta;
    ReadObject* read;
};
// Null if Beeline does not read it.
const KindRow* find_kind(std::string_view api_version, std::string_view name);
// The row a document means that has the right kind under another version of its group, or under an old group:
// to skip it would leave, say, a policy out unnoticed. Null: another kind altogether.
const KindRow* find_near_kind(std::string_view api_version, std::string_view name);

}  // namespace beeline::source::file
