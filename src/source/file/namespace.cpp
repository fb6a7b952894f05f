#include "source/file/kinds.h"

namespace beeline::source::file {

std::optional<model::Object> read_namespace(const Field&, model::Meta meta) {
    // Set by the API server on every namespace, whatever the manifest says.
    meta.labels["kubernetes.io/metadata.name"] = meta.name;
    return model::Namespace{std::move(meta)};
}

}  // namespace beeline::source::file
