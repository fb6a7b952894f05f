// Pods whose probes succeed, for the next agent: <run_dir>/state/passing, a line each: "namespace/name address".
#pragma once
#include <map>
#include <string>

#include "model/snapshot.h"

namespace beeline::agent {

using Passing = std::map<model::Name, Addr>;  // and where they were asked

// Nobody, if there is no such file. A line that makes no sense is left out: its pod has to prove itself anew.
// Errors: io, invalid.
Result<Passing> load_passing(const std::string& run_dir);
// Errors: io.
Result<> save_passing(const std::string& run_dir, const Passing& passing);

}  // namespace beeline::agent
