// What the endpoint verbs share: finding endpoints and showing them.
#pragma once
#include <boost/json/array.hpp>
#include <string>

#include "apps/cli/context.h"
#include "apps/cli/table.h"

namespace beeline::cli {

// The endpoints a word names: an id, or a pod (namespace/name). Errors: not_found, invalid, those of the agent.
Result<boost::json::array> endpoints_named(const Context& context, const std::string& word);

Table endpoint_table(const boost::json::array& endpoints, std::int64_t now_ms);

// "up", "down", or "failed"
Cell endpoint_state(const boost::json::value& endpoint);

}  // namespace beeline::cli
