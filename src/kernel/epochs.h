// The epoch counters, in memory shared with the datapath, and the grace period: the protocol of a real node.
#pragma once
#include <atomic>
#include <span>

#include "abi/epoch.h"
#include "kernel/grace.h"
#include "kernel/transaction.h"

namespace beeline::kernel {

// fetch_add(release) on each slot. Counters only grow; they are never reset. Slots outside the array are ignored.
inline void bump_epochs(std::span<std::uint32_t> counters, const Slots& slots) {
    for (const auto slot : slots)
        if (slot < counters.size()) std::atomic_ref(counters[slot]).fetch_add(1, std::memory_order_release);
}

class Epochs : public Protocol {
public:
    // The memory outlives this object.
    Epochs(std::span<std::uint32_t> counters, Grace grace) : counters_(counters), grace_(std::move(grace)) {}
    void bump(const Slots& slots) override { bump_epochs(counters_, slots); }
    Result<> wait_grace() override { return grace_.wait(); }
    std::uint32_t at(std::uint32_t slot) const { return std::atomic_ref(counters_[slot]).load(); }
    const Grace& grace() const { return grace_; }

private:
    std::span<std::uint32_t> counters_;
    Grace grace_;
};

}  // namespace beeline::kernel
