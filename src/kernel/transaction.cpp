#include "kernel/transaction.h"

namespace beeline::kernel {
namespace {

void run_ops(Change& change, std::vector<Op>& ops) {
    for (Op& op : ops) {
        if (change.error) return;
        if (auto done = op(); !done) change.error = std::move(done).error();
    }
}

void run_retire(Change& change) {  // each on its own: one failure must not keep the rest alive
    for (Op& op : change.retire) {
        auto done = op();
        if (!done && !change.error) change.error = std::move(done).error();
    }
}

}  // namespace

Result<> run(std::vector<Change>& changes, Protocol& protocol, const std::function<void()>& effective) {
    for (Change& change : changes)
        run_ops(change, change.prepare);
    for (Change& change : changes)
        run_ops(change, change.switches);
    for (Change& change : changes)
        run_ops(change, change.unlinks);
    for (Change& change : changes)
        run_ops(change, change.ups);
    Slots slots;
    bool retires = false;
    for (const Change& change : changes) {
        slots.insert(change.slots.begin(), change.slots.end());
        retires = retires || !change.retire.empty();
    }
    if (!slots.empty()) protocol.bump(slots);
    effective();
    if (slots.empty() && !retires) return {};
    CHECK(protocol.wait_grace());
    if (!slots.empty()) protocol.bump(slots);
    for (Change& change : changes)
        run_retire(change);
    return {};
}

}  // namespace beeline::kernel
