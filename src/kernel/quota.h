// Who has too many flows: pure. Above the quota an endpoint's new flows stay in the young table, until it has a tenth
// less than the quota.
#pragma once
#include <cstdint>
#include <map>
#include <set>

#include "base/types.h"

namespace beeline::kernel {

// Flows that are not over, by the interface that their originator's packets come by.
using Census = std::map<Ifindex, std::uint32_t>;

class Quota {
public:
    explicit Quota(std::uint32_t flows) : flows_(flows) {}
    std::uint32_t flows() const { return flows_; }
    // The census of a whole walk.
    void update(const Census& census);
    const std::set<Ifindex>& crowded() const { return crowded_; }

private:
    std::uint32_t flows_;
    std::set<Ifindex> crowded_{};
};

// `wanted`, or by default what fills a quarter of a table that may grow to so many entries; a flow has two.
constexpr std::uint32_t quota_of(std::uint32_t wanted, std::uint32_t limit) {
    return wanted != 0 ? wanted : limit / 8;
}

}  // namespace beeline::kernel
