#include "kernel/flow_walk.h"

#include <algorithm>

namespace beeline::kernel {

template <class F>
Result<std::optional<typename F::Flow>> FamilyTableWalk<F>::find(const Key& key) {
    for (const auto& table : tables_.io)
        if (auto found = table ? TRY(table->lookup(key)) : std::optional<Flow>{}) return found;
    return std::optional<Flow>{};
}

template <class F>
Result<bool> FamilyTableWalk<F>::is_copied(const Key& key) {
    return tables_.walked == former && TRY(tables_.io[flows]->lookup(key)).has_value();
}

template <class F>
Result<std::optional<plan::FlowEntry>> FamilyTableWalk<F>::entry_of(const Key& key, const Flow& flow,
                                                                    const FlowContext& context) {
    plan::FlowEntry entry = tuples_of<F>(key, flow);
    if (!matches_tuple(filter_, entry)) return std::nullopt;
    const Key twin_key = abi::reply_key(key, flow);
    const auto twin = TRY(find(twin_key));
    describe<F>({key, flow, twin ? &*twin : nullptr}, context, entry);
    entry.young = tables_.walked == young;
    if (!matches_state(filter_, entry)) return std::nullopt;
    return entry;
}

template <class F>
Result<bool> FamilyTableWalk<F>::is_wanted(const Key& key, const Flow& flow, const FlowContext& context) {
    if (filter_.state) return TRY(entry_of(key, flow, context)).has_value();
    return matches_tuple(filter_, tuples_of<F>(key, flow));
}

template <class F>
Result<> FamilyTableWalk<F>::list(const FlowContext& context, plan::FlowStep& step) {
    const auto chunk = TRY(tables_.io[tables_.walked]->next());
    for (const auto& [key, flow] : chunk.entries) {
        if (TRY(is_copied(key))) continue;
        if (auto entry = TRY(entry_of(key, flow, context))) step.entries.push_back(std::move(*entry));
    }
    step.finished = chunk.last;
    return {};
}

// Both entries of a flow match, or one of them: whichever is met first takes the other along.
template <class F>
Result<> FamilyTableWalk<F>::flush(const FlowContext& context, Reaper& reaper, plan::FlowStep& step) {
    const auto chunk = TRY(tables_.io[tables_.walked]->next());
    std::vector<abi::Candidate> rows;
    for (const auto& [key, flow] : chunk.entries)
        if (TRY(is_wanted(key, flow, context))) rows.push_back(candidate(key, abi::Collect::flush));
    CHECK(reaper.run(rows));
    step.removed += static_cast<std::size_t>(
        std::ranges::count_if(rows, [](const abi::Candidate& row) { return row.removed != 0; }));
    step.finished = chunk.last;
    return {};
}

template class FamilyTableWalk<V4>;
template class FamilyTableWalk<V6>;

Result<plan::FlowStep> TablesWalk::step() {
    plan::FlowStep step;
    step.finished = true;
    if (at_ >= tables_.size()) return step;
    if (seams_.alive.expired()) return fail(Errc::conflict, "the flow tables were set up anew meanwhile: ask again");
    const FlowContext context = seams_.context();
    TableWalk& table = *tables_[at_];
    CHECK(action_ == plan::FlowAction::list ? table.list(context, step) : table.flush(context, seams_.reaper, step));
    if (step.finished) at_++;
    step.finished = at_ == tables_.size();
    return step;
}

}  // namespace beeline::kernel
