// The node's network: bl_nexthops and the rows of bl_hops it names, and bl_unmasked4/6. Flows are decided by what the
// kernel's routes said then, so any change is one for all of them.
#pragma once
#include "kernel/change.h"
#include "kernel/hop_rows.h"
#include "kernel/network_rows.h"

namespace beeline::kernel {

class NetworkApply {
public:
    struct Maps {
        MapIo &nexthops, &unmasked4, &unmasked6;
    };
    NetworkApply(const Maps& maps, HopRows& hops);
    NetworkApply(const NetworkApply&) = delete;
    NetworkApply& operator=(const NetworkApply&) = delete;

    Result<> load();  // after that of the next hops
    // One change a row, so that a full table is an error of the rows that do not fit.
    void stage(const NetworkRows& want, std::vector<Change>& changes);
    void stage_unmasked(const std::set<Prefix>& want, std::vector<Change>& changes);

    using Hops = decltype(NetworkRows::hops);
    Hops hops_view() const;
    std::set<Prefix> unmasked_view() const;

    // The row of bl_nexthops that no packet asks for: its `hop` is NetworkRows::decisions as of the last bump, so that
    // a new agent knows whether routes have changed while there was none.
    static constexpr abi::NexthopKey decisions_key{};

private:
    void stage_hop(const abi::NexthopKey& key, const abi::Hop& hop, std::vector<Change>& changes);
    HopRows::Used used_hops() const;

    Table<abi::NexthopKey, abi::Nexthop> nexthops_;
    Table<abi::PrefixKey4, abi::u32> unmasked4_;
    Table<abi::PrefixKey6, abi::u32> unmasked6_;
    HopRows& hops_;
};

}  // namespace beeline::kernel
