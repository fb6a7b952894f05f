// One walk through a node's flow tables: lists or removes what a filter asks for, in steps.
#pragma once
#include <array>

#include "kernel/flow_entry.h"
#include "kernel/flow_io.h"
#include "kernel/reaper.h"

namespace beeline::kernel {

// A table of one family, walked once.
class TableWalk {
public:
    virtual ~TableWalk() = default;
    // Adds to `step`; `finished` is of this table.
    virtual Result<> list(const FlowContext& context, plan::FlowStep& step) = 0;
    virtual Result<> flush(const FlowContext& context, Reaper& reaper, plan::FlowStep& step) = 0;
};

template <class F>
class FamilyTableWalk : public TableWalk {
public:
    // Former: the flow table before it grew.
    enum Place { flows, young, former, places };
    // `walked` is the one that this walk goes through; a twin may be in any. Null: there is none.
    struct Tables {
        std::array<std::unique_ptr<FlowIo<F>>, places> io{};
        Place walked = flows;
    };
    FamilyTableWalk(Tables tables, plan::FlowFilter filter) : tables_(std::move(tables)), filter_(std::move(filter)) {}
    Result<> list(const FlowContext& context, plan::FlowStep& step) override;
    Result<> flush(const FlowContext& context, Reaper& reaper, plan::FlowStep& step) override;

private:
    using Key = typename F::FlowKey;
    using Flow = typename F::Flow;
    // nullopt: the filter does not ask for it.
    Result<std::optional<plan::FlowEntry>> entry_of(const Key& key, const Flow& flow, const FlowContext& context);
    Result<std::optional<Flow>> find(const Key& key);
    // Copied into the larger table already.
    Result<bool> is_copied(const Key& key);
    Result<bool> is_wanted(const Key& key, const Flow& flow, const FlowContext& context);

    Tables tables_;
    plan::FlowFilter filter_;
};

extern template class FamilyTableWalk<V4>;
extern template class FamilyTableWalk<V6>;

// All of them, one after the other. While it is walked, what `context` and `reaper` refer to must live: `alive` says.
class TablesWalk : public plan::FlowWalk {
public:
    struct Seams {
        std::function<FlowContext()> context;
        Reaper& reaper;
        std::weak_ptr<void> alive;
    };
    TablesWalk(std::vector<std::unique_ptr<TableWalk>> tables, plan::FlowAction action, Seams seams)
        : tables_(std::move(tables)), action_(action), seams_(std::move(seams)) {}
    Result<plan::FlowStep> step() override;

private:
    std::vector<std::unique_ptr<TableWalk>> tables_;
    std::size_t at_ = 0;
    plan::FlowAction action_;
    Seams seams_;
};

}  // namespace beeline::kernel
