// The flow table of a node, both families, flows and young: collected, counted, listed, flushed.
#pragma once
#include <span>

#include "kernel/collector.h"
#include "kernel/datapath.h"
#include "kernel/flow_move.h"
#include "kernel/flow_walk.h"
#include "plan/inspect.h"

namespace beeline::kernel {

class FlowTable {
public:
    struct Clock {
        unsigned hz = 250;
        std::uint32_t now() const;  // flow time
    };
    struct Setup {
        const abi::Config& config;
        Clock clock;
        std::uint32_t endpoint_quota = 0;  // flows of one container in each family; 0: a quarter of the limit
        std::map<std::string, std::uint32_t> limits{};  // map name -> entries that it may grow to; absent: it does not
        std::function<Result<>()> grace;                // waits until every program that runs now has ended
    };
    // `datapath` outlives this object.
    static Result<std::unique_ptr<FlowTable>> open(Datapath& datapath, const Setup& setup);

    // One step, about 4,096 entries: of the collector, finished when all tables have been walked; while a table has a
    // former one, every other step moves entries. At the end of a walk the budget of unreplied TCP flows is renewed,
    // and it is settled who has too many flows and whether closed ones leave sooner.
    Result<SweepStep> sweep();
    bool is_moving() const;
    Result<std::unique_ptr<plan::FlowWalk>> walk(const plan::FlowFilter& filter, plan::FlowAction action);

    // As of the last whole sweep.
    std::vector<plan::TableFill> fill() const;
    // Connections of backends, as of the last whole sweep; and those to be counted in the next.
    const Loads<V4>& loads4() const { return v4_->collector.loads(); }
    const Loads<V6>& loads6() const { return v6_->collector.loads(); }
    void count_loads(Loads<V4> nobody4, Loads<V6> nobody6);
    // Tables that are three quarters full and may have twice as many entries, with these; none while entries move.
    std::map<std::string, std::uint32_t> larger() const;
    struct DeviceFlows {
        Ifindex device;
        Family family = Family::v4;
        std::size_t flows = 0, quota = 0;
        bool crowded = false;
    };
    std::vector<DeviceFlows> devices() const;

private:
    template <class F>
    struct Tables {
        using Map = ebpf::Map<typename F::FlowKey, typename F::Flow>;
        Tables(Map flows_map, Map young_map, FlowTable& table)
            : flows(std::move(flows_map)),
              young(std::move(young_map)),
              collector(flows, table.reaper_, table.timeouts_),
              quota(quota_of(table.quota_, table.limit_of(F::family, flows.max_entries()))) {}
        EbpfFlowIo<F> flows, young;
        Collector<F> collector;
        Quota quota;
        std::unique_ptr<FlowMove<F>> move{};            // while there is a former table
        bool waiting = false;                           // nothing could be moved; until the end of the sweep
        std::size_t young_entries = 0, young_seen = 0;  // of the last whole walk; of this one
        bool moves() const { return move && !waiting; }
    };
    FlowTable(Datapath& datapath, const Setup& setup, EbpfReaper reaper)
        : datapath_(datapath),
          timeouts_(timeouts_of(setup.config)),
          clock_(setup.clock),
          quota_(setup.endpoint_quota),
          limits_(setup.limits),
          grace_(setup.grace),
          reaper_(std::move(reaper)) {}
    template <class F>
    Result<std::unique_ptr<Tables<F>>> open_tables();
    // What a flow table of so many entries may grow to.
    std::uint32_t limit_of(Family family, std::size_t entries) const;
    template <class F>
    Result<> move_step(Tables<F>& tables);
    template <class F>
    Result<bool> count_young(Tables<F>& tables);
    Result<bool> sweep_table(SweepStep& step);
    Result<> finish_sweep();
    void renew_budget();
    void write_hurry();
    Result<> write_crowded();
    FlowContext context() const;
    template <class F>
    Result<> add_walks(const plan::FlowFilter& filter, std::vector<std::unique_ptr<TableWalk>>& walks) const;

    Datapath& datapath_;
    FlowTimeouts timeouts_;
    Clock clock_;
    std::uint32_t quota_;
    std::map<std::string, std::uint32_t> limits_;
    std::function<Result<>()> grace_;
    EbpfReaper reaper_;
    std::unique_ptr<Tables<V4>> v4_{};
    std::unique_ptr<Tables<V6>> v6_{};
    bool turn_ = false;     // to move
    unsigned walking_ = 0;  // table that this sweep is at: flows of each family, young of each
    std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace beeline::kernel
