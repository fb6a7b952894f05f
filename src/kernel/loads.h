// Connections of backends, counted by the collector's walks for frontends that choose by them
// (Algorithm::least_connections). In between the datapath adds those it makes; bl_loads holds the sum.
#pragma once
#include <map>

#include "abi/flow_age.h"
#include "kernel/table.h"

namespace beeline::kernel {

// By address, port and protocol of the backend, however its clients come to it.
template <class F>
using Loads = std::map<typename F::FrontendKey, abi::u32, ByteLess>;

template <class F>
typename F::FrontendKey load_key(const typename F::Backend& backend, abi::u8 proto) {
    return {backend.addr, backend.port, proto, 0};
}

// A flow is one connection: its originator's entry counts, if its backend is among those in `loads`.
template <class F>
void count_load(const typename F::FlowKey& key, const typename F::Flow& flow, Loads<F>& loads) {
    if (loads.empty() || abi::is_reply(flow) || (flow.flags & abi::flow_closed) != 0) return;
    const auto it = loads.find(typename F::FrontendKey{flow.daddr, flow.dport, key.proto, 0});
    if (it != loads.end()) it->second++;
}

}  // namespace beeline::kernel
