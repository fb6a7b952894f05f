#include "kernel/quota.h"

namespace beeline::kernel {

void Quota::update(const Census& census) {
    std::set<Ifindex> now;
    for (const auto& [device, count] : census) {
        const std::uint64_t limit = crowded_.contains(device) ? std::uint64_t{flows_} * 9 / 10 : flows_;
        if (count > limit) now.insert(device);
    }
    crowded_ = std::move(now);
}

}  // namespace beeline::kernel
