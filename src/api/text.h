// Policies and snapshots in words.
#pragma once
#include <string>

#include "model/snapshot.h"

namespace beeline::api {

// "app=web, tier in (a, b), !old"; empty if the selector selects everything.
std::string selector_text(const model::Selector& selector);
std::string labels_text(const model::Labels& labels);  // "app=web, tier=a"
// "from pods app=client or namespaces team=a; TCP 80, UDP 53"
std::string rule_text(const model::PolicyRule& rule, bool egress);
// As in the annotation: "maglev".
const char* algorithm_text(model::Algorithm algorithm);
// One line an object, ordered by kind and name; the format of `beeline dump snapshot`.
std::string snapshot_text(const model::Snapshot& snapshot);

}  // namespace beeline::api
