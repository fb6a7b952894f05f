// The parts of compile() beside Services, one for each map family.
#pragma once
#include "compile/compile.h"

namespace beeline::compile {

// Local containers, each with its policy set.
std::map<EndpointId, plan::Endpoint> endpoints(const model::Snapshot& snapshot);

// Known addresses that are not local containers': this node, other nodes, pods elsewhere.
std::map<Addr, IdentityId> identities(const model::Snapshot& snapshot);

// Policy sets by identity of the local container: what decides is its namespace and its labels, which is what an
// identity stands for.
std::map<IdentityId, plan::PolicySet> policies(const model::Snapshot& snapshot);

// Has this pod an address and an identity of its own? Not with hostNetwork, nor when it has finished.
bool has_own_address(const model::Pod& pod);

}  // namespace beeline::compile
