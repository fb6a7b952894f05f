// The flow table of a node, both families, flows and young: collected, listed, flushed.
#pragma once
#include <span>

#include "kernel/collector.h"
#include "kernel/datapath.h"
#include "plan/inspect.h"

namespace beeline::kernel {

class FlowTable {
public:
    struct Clock {
        unsigned hz = 250;
        std::uint32_t now() const;  // flow time
    };
    // `datapath` outlives this object.
    static Result<std::unique_ptr<FlowTable>> open(const Datapath& datapath, const abi::Config& config, Clock clock);

    // One step of the collector, about 4,096 entries; finished when both tables have been walked. At the end of a walk
    // the budget of unreplied TCP flows is renewed.
    Result<SweepStep> sweep();
    Result<std::vector<plan::FlowEntry>> flows(const plan::FlowFilter& filter) const;
    // Removes matching entries and their twins; returns how many entries went.
    Result<std::size_t> flush(const plan::FlowFilter& filter);

private:
    template <class F>
    struct Tables {
        using Map = ebpf::Map<typename F::FlowKey, typename F::Flow>;
        Tables(Map walked, Map kept_map, Map young_map, const FlowTimeouts& timeouts)
            : flows(std::move(walked)),
              collector(flows, timeouts),
              kept(std::move(kept_map)),
              young(std::move(young_map)) {}
        EbpfFlowIo<F> flows;
        Collector<F> collector;
        Map kept, young;
        std::size_t entries = 0;  // of the last whole walk
    };
    template <class F>
    static Result<std::unique_ptr<Tables<F>>> open_tables(const Datapath& datapath, const FlowTimeouts& timeouts);
    FlowTable(const Datapath& datapath, const abi::Config& config, Clock clock)
        : datapath_(datapath), timeouts_(timeouts_of(config)), clock_(clock) {}

    template <class F>
    Result<SweepStep> sweep_family(Tables<F>& tables);
    template <class F>
    Result<> list(const Tables<F>& tables, const plan::FlowFilter& filter, std::vector<plan::FlowEntry>& into) const;
    template <class F>
    plan::FlowEntry entry_of(const typename F::FlowKey& key, const typename F::Flow& flow,
                             const typename F::Flow* twin) const;
    template <class F>
    Result<std::size_t> flush_family(const Tables<F>& tables, const plan::FlowFilter& filter);
    void renew_budget();
    std::uint32_t ifindex_of_hop(std::uint32_t hop) const;

    const Datapath& datapath_;
    FlowTimeouts timeouts_;
    Clock clock_;
    std::unique_ptr<Tables<V4>> v4_{};
    std::unique_ptr<Tables<V6>> v6_{};
    bool walking_v6_ = false;
};

// True if an entry passes: addresses and ports of either side, before or after translation.
bool matches(const plan::FlowFilter& filter, const plan::FlowEntry& entry);

}  // namespace beeline::kernel
