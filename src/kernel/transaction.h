// The order of one apply, the agent's half of the epoch protocol:
//   (1) write what nobody points to, (2) switch, each a single row, (3) bump the slots touched, (4) wait one RCU grace
//   period, (5) bump them again, (6) delete and free what (2) unlinked.
// Inserts never follow deletes between two grace periods, so no reader meets a recycled row of the same apply.
#pragma once
#include <functional>
#include <vector>

#include "kernel/change.h"

namespace beeline::kernel {

class Protocol {
public:
    virtual ~Protocol() = default;
    virtual void bump(const Slots& slots) = 0;  // one increment each, release order
    virtual Result<> wait_grace() = 0;          // every packet that was under way has ended
};

// Runs the changes; errors stay with their item. `effective` is called after (3), when the next packet sees the
// change. Without slots and removals there is nothing to wait for. An error returned means that (4) failed: nothing
// was freed, the caller has to resync.
Result<> run(std::vector<Change>& changes, Protocol& protocol, const std::function<void()>& effective);

}  // namespace beeline::kernel
