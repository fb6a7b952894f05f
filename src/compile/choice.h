// Which members of a Service port get flows, in one family: what kube-proxy calls CategorizeEndpoints.
#pragma once
#include <vector>

#include "compile/members.h"

namespace beeline::compile {

// All lists are ordered by address and port.
struct Choice {
    std::vector<plan::Backend> cluster;  // for traffic policy Cluster
    std::vector<plan::Backend> local;    // for traffic policy Local: those on this node
    std::vector<plan::Backend> serving;  // all that serve, chosen or not
    bool any = false;                    // is there one that may get flows, on whatever node
};
Choice choose(const Members& members, Family family);

// Members that serve and are in none of the frontend's lists: they keep their flows.
std::vector<plan::Backend> draining(const Choice& choice, const plan::Frontend& frontend);

}  // namespace beeline::compile
