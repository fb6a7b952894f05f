// Services: bl_frontends, bl_backends, bl_members and bl_src_ranges of one family. A frontend's backends are a
// contiguous range that is written before the frontend is switched to it, and given back after the grace period. Its
// tables in bl_maglev likewise.
// Clients of this node and those from outside may have different ones: what both have stands in the middle of the
// range.
#pragma once
#include <set>

#include "kernel/change.h"
#include "kernel/family.h"
#include "kernel/maglev_rows.h"
#include "kernel/range_allocator.h"
#include "kernel/table.h"

namespace beeline::kernel {

// What bl_frontends, bl_backends and bl_members say about one frontend, as values.
struct FrontendView {
    std::uint32_t service = 0;
    std::vector<plan::Backend> backends{}, draining{};  // ordered; members that no new flow may choose
    std::optional<std::vector<plan::Backend>> outside{};
    bool elsewhere = false;
    std::uint32_t affinity_seconds = 0;
    std::vector<Prefix> source_ranges{};
    abi::Algorithm algorithm = abi::Algorithm::random;
    bool operator==(const FrontendView&) const = default;
};

template <class F>
class FrontendsApply {
public:
    using Key = typename F::FrontendKey;
    using Backend = typename F::Backend;
    using MemberKey = typename F::MemberKey;
    using RangeKey = typename F::RangeKey;
    struct Maps {
        MapIo &frontends, &backends, &members, &ranges;
    };

    // `maglev` is that of both families; it is reset before they load.
    FrontendsApply(const Maps& maps, MaglevRows& maglev)
        : frontends_(maps.frontends),
          members_(maps.members),
          ranges_(maps.ranges),
          backends_(maps.backends),
          maglev_(maglev),
          arena_({0, maps.backends.max_entries()}) {}

    // Take over what is in the kernel: ranges in use keep their places.
    Result<> load();
    // Addresses of this node, which node ports are on: from the next stage() on.
    void set_node(const std::set<Addr>& addrs);
    // What `want` needs; the range for new backends is taken now. Errors stand in change.error.
    void stage(const plan::FrontendKey& key, const plan::Frontend& want, Change& change);
    void stage_removal(const plan::FrontendKey& key, Change& change);
    // Members and ranges of frontends that `wanted` does not have and the kernel neither: left behind by a killed
    // agent.
    void stage_orphans(const std::map<plan::FrontendKey, plan::Frontend>& wanted, Change& change);
    std::vector<plan::FrontendKey> keys() const;
    std::map<plan::FrontendKey, FrontendView> view() const;
    std::uint32_t free_backends() const { return arena_.free(); }

private:
    struct Placed {
        Range range;
        std::vector<Backend> backends;  // in the array's order
        Range inside, outside;          // parts of it, counted from its begin
        MaglevTables tables;
    };
    using MemberUses = std::map<MemberKey, abi::u32, ByteLess>;
    using RangeKeys = std::set<RangeKey, ByteLess>;

    Result<std::optional<Placed>> read_placed(const abi::Frontend& row) const;
    static Result<Placed> arrange(const plan::Frontend& want);
    static std::vector<plan::Backend> part_of(const Placed& placed, const Range& part);
    abi::Frontend row_of(const plan::Frontend& want, const Placed& placed) const;
    MemberUses members_of(const Key& key) const;
    RangeKeys ranges_of(const Key& key) const;
    Result<bool> stage_rows(const Key& key, Placed& next, Change& change);
    void stage_backends(const Placed& next, Change& change);
    void stage_release(const Key& key, const Placed& now, const Placed& next, Change& change);
    void stage_members(const Key& key, const MemberUses& want, Change& change);
    Result<> admit(const RangeKey& range);
    Result<> dismiss(const RangeKey& range);
    void stage_ranges(const Key& key, const RangeKeys& want, Change& change);
    void stage_slots(const Key& key, const abi::Frontend& row, Change& change) const;
    void bump(const Key& key, Change& change) const;
    FrontendView view_of(const Key& key, const abi::Frontend& row) const;

    Table<Key, abi::Frontend> frontends_;
    Table<MemberKey, abi::Member> members_;
    Table<RangeKey, abi::u32> ranges_;
    std::map<Key, RangeKeys, ByteLess> ranges_at_{};  // the same by frontend
    std::vector<typename F::Addr> node_{};
    MapIo& backends_;
    MaglevRows& maglev_;
    RangeAllocator arena_;
    std::map<Key, Placed, ByteLess> placed_{};
};

extern template class FrontendsApply<V4>;
extern template class FrontendsApply<V6>;

}  // namespace beeline::kernel
