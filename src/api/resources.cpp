#include "api/resources.h"

namespace beeline::api {

Router make_router(const Context& context) {
    Router router;
    for (const auto add : {add_status, add_node, add_endpoints, add_services, add_policies, add_identities, add_flows,
                           add_observe, add_kernel, add_dump, add_validate, add_metrics})
        add(router, context);
    return router;
}

}  // namespace beeline::api
