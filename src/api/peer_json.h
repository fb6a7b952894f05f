// One end of a flow as JSON.
#pragma once
#include "api/json.h"
#include "flow/record.h"

namespace beeline::api {

json::object peer_json(const flow::Peer& peer);
json::object record_json(const flow::FlowRecord& record);

}  // namespace beeline::api
