// From the kernel's Status (rows, containers) to the objects people wrote.
#pragma once
#include "model/snapshot.h"
#include "plan/status.h"

namespace beeline::api {

// Of several parts: in force when all of them are; since the last of them was; the first error.
plan::ItemStatus combined(const std::vector<plan::ItemStatus>& parts);

plan::ItemStatus endpoint_status(const plan::Status& status, EndpointId id);
// The frontends of one service in a plan, in the plan's order.
struct ServiceFrontend {
    const plan::FrontendKey* key;
    const plan::Frontend* frontend;
    std::string port_name;
};
// Frontends of all services, found by the number both sides know them by (model::service_port_id).
std::map<model::Name, std::vector<ServiceFrontend>> frontends_by_service(const model::Snapshot& snapshot,
                                                                         const plan::Plan& plan);
// What of each Service cannot be served: field and reason, once for all its addresses.
std::map<model::Name, std::vector<std::string>> limits_by_service(const model::Snapshot& snapshot,
                                                                  const plan::Plan& plan);
// With limits and without any frontend it is not in force.
plan::ItemStatus service_status(const plan::Status& status, const std::vector<ServiceFrontend>& frontends,
                                const std::vector<std::string>& limits);

// Endpoints that a policy selects, by id.
std::vector<const model::Endpoint*> selected_endpoints(const model::Snapshot& snapshot,
                                                       const model::NetworkPolicy& policy);
plan::ItemStatus policy_status(const plan::Status& status, const model::Snapshot& snapshot,
                               const model::NetworkPolicy& policy);
// Of what has no rows of its own: in force since the plan made from it was.
plan::ItemStatus plain_status(const plan::Status& status);

}  // namespace beeline::api
