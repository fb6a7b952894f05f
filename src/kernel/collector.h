// Takes out flows that are over: both entries of a pair whose younger packet is older than the timeout of its state, in
// two walks one after the other. A packet in between keeps the pair.
#pragma once
#include <set>

#include "kernel/flow_age.h"
#include "kernel/flow_io.h"
#include "kernel/table.h"

namespace beeline::kernel {

struct SweepStep {
    std::size_t seen = 0, removed = 0;  // entries; of the walk so far
    bool finished = false;              // the walk is over
};

template <class F>
class Collector {
public:
    using Key = typename F::FlowKey;
    using Flow = typename F::Flow;
    Collector(FlowIo<F>& flows, const FlowTimeouts& timeouts) : flows_(flows), timeouts_(timeouts) {}

    // One chunk, at flow time `now`. Call again until it is finished; then leave some seconds.
    Result<SweepStep> step(std::uint32_t now);
    std::uint32_t max_entries() const { return flows_.max_entries(); }

private:
    Result<bool> expired(const Key& key, const Flow& flow, std::uint32_t now);
    Result<> look_at(const Key& key, const Flow& flow, std::uint32_t now);
    Result<> remove(const Key& key, std::uint32_t now);

    FlowIo<F>& flows_;
    FlowTimeouts timeouts_;
    std::set<Key, ByteLess> before_{}, now_{};  // found expired by the last walk and by this one
    SweepStep walk_{};
};

extern template class Collector<V4>;
extern template class Collector<V6>;

}  // namespace beeline::kernel
