// One function a resource file; make_router() is the whole API. Everything runs on the agent's loop, except
// where a comment says otherwise.
#pragma once
#include "api/context.h"
#include "api/router.h"

namespace beeline::api {

void add_status(Router& router, const Context& context);
void add_node(Router& router, const Context& context);
void add_endpoints(Router& router, const Context& context);
void add_services(Router& router, const Context& context);
void add_policies(Router& router, const Context& context);
void add_identities(Router& router, const Context& context);
void add_flows(Router& router, const Context& context);
void add_observe(Router& router, const Context& context);
void add_kernel(Router& router, const Context& context);  // hooks, counters, maps, doctor
void add_dump(Router& router, const Context& context);
void add_validate(Router& router, const Context& context);
void add_metrics(Router& router, const Context& context);

// The body of /v1/doctor, also printed by the agent itself where it cannot run.
Response doctor_response(const std::vector<plan::Check>& checks);

// The context must outlive the router.
Router make_router(const Context& context);

}  // namespace beeline::api
