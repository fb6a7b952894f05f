// Services: bl_frontends, bl_backends, bl_members and bl_src_ranges of one family. A frontend's backends are a
// contiguous range that is written before the frontend is switched to it, and given back after the grace period. Its
// tables in bl_places likewise.
// Clients of this node and those from outside may have different ones: what both have stands in the middle of the
// range.
#pragma once
#include <functional>
#include <set>
#include <utility>

#include "kernel/change.h"
#include "kernel/check_step.h"
#include "kernel/client_ranges.h"
#include "kernel/family.h"
#include "kernel/loads.h"
#include "kernel/place_rows.h"
#include "kernel/range_allocator.h"
#include "kernel/table.h"

namespace beeline::kernel {

// What bl_frontends, bl_backends and bl_members say about one frontend, as values.
struct FrontendView {
    std::uint32_t service = 0;
    std::vector<plan::Backend> backends{}, draining{};  // ordered; members that no new flow may choose
    std::optional<std::vector<plan::Backend>> outside{};
    bool elsewhere = false, direct = false;
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
    struct Maps {
        MapIo &frontends, &backends, &members, &ranges, &loads;
    };

    // `places` is that of both families; it is reset before they load.
    FrontendsApply(const Maps& maps, PlaceRows& places)
        : frontends_(maps.frontends),
          members_(maps.members),
          ranges_(maps.ranges),
          backends_(maps.backends),
          loads_io_(maps.loads),
          places_(places),
          arena_({0, maps.backends.max_entries()}) {}

    // Take over what is in the kernel: ranges in use keep their places.
    Result<> load();
    // Compares the rows of the next frontends with the kernel, about `rows` of them, in turn.
    Result<CheckStep> check(std::size_t rows);
    // Addresses of this node, which node ports are on: from the next stage() on.
    void set_node(const std::set<Addr>& addrs);
    // What `want` needs; the range for new backends is taken now. Errors stand in change.error.
    void stage(const plan::FrontendKey& key, const plan::Frontend& want, Change& change);
    void stage_removal(const plan::FrontendKey& key, Change& change);
    // Members and ranges of frontends that are not wanted and that the kernel has not: left behind by a killed agent.
    void stage_orphans(const std::function<bool(const plan::FrontendKey&)>& wanted, Change& change);
    // Members for UDP that are none any more, since the last call.
    std::vector<MemberKey> take_departed() { return std::exchange(departed_, {}); }
    std::vector<plan::FrontendKey> keys() const;
    std::map<plan::FrontendKey, FrontendView> view() const;
    std::uint32_t free_backends() const { return arena_.free(); }
    // Backends of frontends that choose by connections, at 0.
    Loads<F> counted() const;
    // Their connections, as the collector found them.
    Result<> write_loads(const Loads<F>& loads);

private:
    struct Placed {
        Range range;
        std::vector<Backend> backends;  // in the array's order
        Range inside, outside;          // parts of it, counted from its begin
        PlaceTables tables;
        bool by_loads = false;
    };
    using MemberUses = std::map<MemberKey, abi::u32, ByteLess>;

    Result<std::optional<Placed>> read_placed(const abi::Frontend& row) const;
    Result<bool> is_placed_as_known(const Placed& placed) const;
    Result<bool> is_as_known(const Key& key, std::size_t& rows) const;
    static Result<Placed> arrange(const plan::Frontend& want);
    static Result<PlaceTables> tables_for(abi::Algorithm algorithm, const Placed& placed);
    static std::vector<plan::Backend> part_of(const Placed& placed, const Range& part);
    abi::Frontend row_of(const plan::Frontend& want, const Placed& placed) const;
    MemberUses members_of(const Key& key) const;
    Result<bool> stage_rows(const Key& key, Placed& next, Change& change);
    void stage_backends(const Key& key, const Placed& next, Change& change);
    Result<> begin_loads(std::uint32_t first, const std::vector<Backend>& backends, abi::u8 proto);
    Result<> write_counted(const Key& key, const Placed& placed);
    void stage_release(const Key& key, const Placed& now, const Placed& next, Change& change);
    void stage_departure(const MemberKey& member, Change& change);
    void stage_members(const Key& key, const MemberUses& want, Change& change);
    void stage_slots(const Key& key, const abi::Frontend& row, Change& change) const;
    void bump(const Key& key, Change& change) const;
    FrontendView view_of(const Key& key, const abi::Frontend& row) const;

    Table<Key, abi::Frontend> frontends_;
    Table<MemberKey, abi::Member, MemberLess<F>> members_;
    ClientRanges<F> ranges_;
    std::vector<typename F::Addr> node_{};
    MapIo& backends_;
    MapIo& loads_io_;
    Loads<F> loads_{};  // as last counted
    PlaceRows& places_;
    RangeAllocator arena_;
    std::map<Key, Placed, ByteLess> placed_{};
    std::optional<Key> checked_{};  // the last one; none: begin anew
    std::vector<MemberKey> departed_{};
};

extern template class FrontendsApply<V4>;
extern template class FrontendsApply<V6>;

}  // namespace beeline::kernel
