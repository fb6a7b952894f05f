// The entries of a flow table that has grown go into the larger one, in steps between other work. Copied in one walk,
// taken away in the next: bl_collect() does both, next to the packets (bpf/lib/move.h).
#pragma once
#include <functional>
#include <memory>

#include "kernel/flow_io.h"
#include "kernel/reaper.h"

namespace beeline::kernel {

enum class MoveStep {
    moving,   // call again
    waiting,  // a walk took nothing away, for the larger table is full: call again some time later
    moved,    // nothing is left in the former table
};

template <class F>
class FlowMove {
public:
    // `former` is read only; `grace` waits until every program that runs now has ended.
    FlowMove(std::unique_ptr<FlowIo<F>> former, Reaper& reaper, std::function<Result<>()> grace)
        : former_(std::move(former)), reaper_(reaper), grace_(std::move(grace)) {}

    // About 4,096 entries; a grace period more at the beginning of a walk.
    Result<MoveStep> step();

private:
    Result<> move(const std::vector<typename FlowIo<F>::Entry>& entries);
    MoveStep finish_walk();

    std::unique_ptr<FlowIo<F>> former_;
    Reaper& reaper_;
    std::function<Result<>()> grace_;
    abi::Collect what_ = abi::Collect::copy;
    bool walking_ = false;
    std::size_t seen_ = 0, removed_ = 0;  // in this walk
};

extern template class FlowMove<V4>;
extern template class FlowMove<V6>;

}  // namespace beeline::kernel
