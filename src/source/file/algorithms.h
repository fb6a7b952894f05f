// The names of model::Algorithm and model::Forwarding, as Services and the configuration write them.
#pragma once
#include "model/objects.h"
#include "source/file/field.h"

namespace beeline::source::file {

inline constexpr Choice<model::Algorithm> algorithms[]{{"random", model::Algorithm::random},
                                                       {"maglev", model::Algorithm::maglev},
                                                       {"round-robin", model::Algorithm::round_robin},
                                                       {"least-connections", model::Algorithm::least_connections}};
inline constexpr Choice<model::Forwarding> forwardings[]{{"snat", model::Forwarding::snat},
                                                         {"dsr", model::Forwarding::dsr}};

}  // namespace beeline::source::file
