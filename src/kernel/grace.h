// Waiting for an RCU grace period: every packet that was in a program when it began has left it when it ends.
#pragma once
#include "base/file.h"
#include "base/result.h"

namespace beeline::kernel {

class Grace {
public:
    // membarrier(GLOBAL) where the kernel grants it (not under nohz_full), else an update of an array of maps, after
    // which the kernel waits itself. Errors: unsupported when neither works.
    static Result<Grace> open();
    Result<> wait();
    const char* method() const { return outer_ ? "map of maps" : "membarrier"; }

private:
    Grace() = default;
    Fd outer_{}, inner_{};
};

}  // namespace beeline::kernel
