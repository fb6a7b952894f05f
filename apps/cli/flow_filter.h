// The filter of the flow table, the same for `flow list` and `flow flush`.
#pragma once
#include <optional>
#include <string>

#include "api/client/target.h"
#include "apps/cli/verb.h"

namespace beeline::cli {

class FlowFilter {
public:
    void declare(Declare& declare);
    // True: every flow.
    bool empty() const;
    // The query parameters of /v1/flows.
    api::client::Query query() const;

private:
    std::string addr_, pod_, service_, state_, proto_, family_;
    std::optional<unsigned> port_;
};

}  // namespace beeline::cli
