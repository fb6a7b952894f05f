// What all objects share: metadata, labels, selectors, protocols.
#pragma once
#include "model/objects.h"
#include "source/file/field.h"

namespace beeline::source::file {

// A map of label keys to label values.
model::Labels read_labels(const Field& map);

// LabelSelector: matchLabels and matchExpressions. An empty map selects everything.
model::Selector read_selector(const Field& map);

// TCP (also if absent), UDP or SCTP.
Proto read_protocol(const Field& field);

// Annotation service.beeline.io/weight, 0-1000; 1 if absent.
unsigned read_weight(const Field& root);

struct MetaRule {
    bool namespaced = true;
    const Rule& name;
};
// metadata of a document. A namespaced object without a namespace is in "default".
model::Meta read_meta(const Field& root, const MetaRule& rule);

}  // namespace beeline::source::file
