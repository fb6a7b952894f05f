// An entry of the flow table in values, and whether a filter asks for it.
#pragma once
#include <functional>
#include <span>

#include "kernel/family.h"
#include "kernel/flow_age.h"
#include "plan/inspect.h"

namespace beeline::kernel {

// What an entry is read with.
struct FlowContext {
    std::span<std::uint32_t> epochs;
    FlowTimeouts timeouts;
    unsigned hz = 250;
    std::uint32_t now = 0;  // flow time
    std::function<Ifindex(std::uint32_t hop)> device;
};

// The tuples alone: enough for matches_tuple(), and cheap.
template <class F>
plan::FlowEntry tuples_of(const typename F::FlowKey& key, const typename F::Flow& flow);
// The rest. `twin` may be null: the other entry is not there.
template <class F>
struct FlowRow {
    const typename F::FlowKey& key;
    const typename F::Flow& flow;
    const typename F::Flow* twin;
};
template <class F>
void describe(const FlowRow<F>& row, const FlowContext& context, plan::FlowEntry& entry);

// Addresses and ports of either side, before or after translation; the service that the originator spoke to.
bool matches_tuple(const plan::FlowFilter& filter, const plan::FlowEntry& entry);
inline bool matches_state(const plan::FlowFilter& filter, const plan::FlowEntry& entry) {
    return !filter.state || *filter.state == entry.state;
}

}  // namespace beeline::kernel
