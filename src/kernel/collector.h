// Takes out flows that are over: both entries of a pair whose younger packet is older than the timeout of its state.
// The first walk that finds a pair so marks it, the second removes it if it is still marked; a packet in between renews
// it. Here the candidates are found, from a copy that may be milliseconds old; the kernel looks again and acts.
#pragma once
#include <vector>

#include "kernel/flow_age.h"
#include "kernel/flow_io.h"
#include "kernel/loads.h"
#include "kernel/quota.h"
#include "kernel/reaper.h"

namespace beeline::kernel {

struct SweepStep {
    std::size_t seen = 0, marked = 0, removed = 0;  // entries; of the walk so far
    bool finished = false;                          // the walk is over
    bool moving = false;                            // entries of a table that has grown: call again soon
    std::string news{};                             // for the log; empty: none
};

template <class F>
class Collector {
public:
    using Key = typename F::FlowKey;
    using Flow = typename F::Flow;
    Collector(FlowIo<F>& flows, Reaper& reaper, const FlowTimeouts& timeouts)
        : flows_(flows), reaper_(reaper), timeouts_(timeouts) {}

    // One chunk, at flow time `now`. Call again until it is finished; then leave some seconds.
    Result<SweepStep> step(std::uint32_t now);
    // Of the last whole walk.
    const Census& census() const { return census_; }
    // Connections of the backends that were asked for when the walk began; none before.
    const Loads<F>& loads() const { return loads_; }
    // Backends to be counted from the next walk on, all at 0.
    void count_loads(Loads<F> nobody) { loads_wanted_ = std::move(nobody); }
    // At most so many: those that went as the other one of a pair may have been counted before.
    std::size_t entries() const { return entries_; }
    std::uint32_t max_entries() const { return flows_.max_entries(); }

private:
    static constexpr unsigned thorough_walk = 16;  // every so many
    bool is_candidate(const Key& key, const Flow& flow, std::uint32_t now) const;
    void look_at(const Key& key, const Flow& flow, std::uint32_t now);
    void finish();

    FlowIo<F>& flows_;
    Reaper& reaper_;
    FlowTimeouts timeouts_;
    std::vector<abi::Candidate> candidates_{};  // of this chunk
    Census counting_{}, census_{};
    Loads<F> loads_wanted_{}, loads_counting_{}, loads_{};
    std::size_t entries_ = 0, gone_ = 0;  // gone_: of those seen in this walk
    unsigned walks_ = 0;
    SweepStep walk_{};
};

extern template class Collector<V4>;
extern template class Collector<V6>;

}  // namespace beeline::kernel
