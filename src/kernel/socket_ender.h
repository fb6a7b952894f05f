// Connected UDP sockets whose backend is none any more. connect() was translated once and nobody asks again, so they
// would speak to it for ever; ended, the client gets ECONNABORTED with its next call and connects anew. Sockets that
// are not connected choose again by themselves, and TCP may finish what it began.
#pragma once
#include <vector>

#include "abi/service.h"
#include "base/result.h"
#include "plan/plan.h"

namespace beeline::kernel {

// Members of UDP frontends that are none any more.
struct Departed {
    std::vector<abi::MemberKey4> v4{};
    std::vector<abi::MemberKey6> v6{};
    bool empty() const { return v4.empty() && v6.empty(); }
};

class SocketEnder {
public:
    virtual ~SocketEnder() = default;
    // Sockets that came to one of these backends by its frontend, in the network namespaces of the calling thread and
    // of `endpoints`. Ends all it can before it reports the first error.
    virtual Result<> end(const Departed& departed, const plan::Endpoints& endpoints) = 0;
};

}  // namespace beeline::kernel
