// Who has which frontend: of several that want one address, port and protocol, the first has it.
#pragma once
#include <string>

#include "compile/parts.h"

namespace beeline::compile {

// `field`: of the object that asks. If somebody else has the frontend, the plan says so under it. A Service may
// ask again for what it has (its external address may be its load balancer's as well): the first holds.
void claim(Services& services, const plan::FrontendKey& key, const plan::Frontend& frontend, const std::string& field);

// The frontend cannot be made. `reason` begins with the field.
void refuse(Services& services, const plan::FrontendKey& key, const plan::Frontend& frontend, std::string reason);

}  // namespace beeline::compile
