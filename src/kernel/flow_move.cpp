#include "kernel/flow_move.h"

#include <utility>

namespace beeline::kernel {

template <class F>
Result<> FlowMove<F>::move(const std::vector<typename FlowIo<F>::Entry>& entries) {
    std::vector<abi::Candidate> rows;
    rows.reserve(entries.size());
    for (const auto& [key, flow] : entries)
        rows.push_back(candidate(key, what_));
    CHECK(reaper_.run(rows));
    seen_ += rows.size();
    for (const abi::Candidate& row : rows)
        removed_ += row.removed;
    return {};
}

template <class F>
MoveStep FlowMove<F>::finish_walk() {
    walking_ = false;
    const auto seen = std::exchange(seen_, 0), removed = std::exchange(removed_, 0);
    if (seen == 0) return MoveStep::moved;
    const bool settled = what_ == abi::Collect::settle;
    what_ = settled ? abi::Collect::copy : abi::Collect::settle;
    return settled && removed == 0 ? MoveStep::waiting : MoveStep::moving;
}

template <class F>
Result<MoveStep> FlowMove<F>::step() {
    if (!walking_) CHECK(grace_());
    walking_ = true;
    const auto chunk = TRY(former_->next());
    CHECK(move(chunk.entries));
    return chunk.last ? finish_walk() : MoveStep::moving;
}

template class FlowMove<V4>;
template class FlowMove<V6>;

}  // namespace beeline::kernel
