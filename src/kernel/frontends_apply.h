// Services: bl_frontends, bl_backends and bl_members of one family. A frontend's backends are a contiguous range that
// is written before the frontend is switched to it, and given back after the grace period.
#pragma once
#include "kernel/change.h"
#include "kernel/family.h"
#include "kernel/range_allocator.h"
#include "kernel/table.h"

namespace beeline::kernel {

// What bl_frontends, bl_backends and bl_members say about one frontend, as values.
struct FrontendView {
    std::uint32_t service = 0;
    std::vector<plan::Backend> backends{}, draining{};  // in the array's order; members that are not in it
    bool operator==(const FrontendView&) const = default;
};

template <class F>
class FrontendsApply {
public:
    using Key = typename F::FrontendKey;
    using Backend = typename F::Backend;
    using MemberKey = typename F::MemberKey;
    struct Maps {
        MapIo &frontends, &backends, &members;
    };

    explicit FrontendsApply(const Maps& maps)
        : frontends_(maps.frontends),
          members_(maps.members),
          backends_(maps.backends),
          arena_({0, maps.backends.max_entries()}) {}

    // Take over what is in the kernel: ranges in use keep their places.
    Result<> load();
    // What `want` needs; the range for new backends is taken now. Errors stand in change.error.
    void stage(const plan::FrontendKey& key, const plan::Frontend& want, Change& change);
    void stage_removal(const plan::FrontendKey& key, Change& change);
    // Members of frontends that `wanted` does not have and the kernel neither: left behind by a killed agent.
    void stage_orphans(const std::map<plan::FrontendKey, plan::Frontend>& wanted, Change& change);
    std::vector<plan::FrontendKey> keys() const;
    std::map<plan::FrontendKey, FrontendView> view() const;
    std::uint32_t free_backends() const { return arena_.free(); }

private:
    struct Placed {
        Range range;
        std::vector<Backend> backends;
    };
    using MemberStates = std::map<MemberKey, abi::MemberState, ByteLess>;

    Result<std::optional<Placed>> read_placed(const abi::Frontend& row) const;
    MemberStates members_of(const Key& key) const;
    void stage_backends(const Key& key, Placed next, Change& change);
    void stage_members(const Key& key, const MemberStates& want, Change& change);
    void stage_slots(const Key& key, const abi::Frontend& row, Change& change) const;

    Table<Key, abi::Frontend> frontends_;
    Table<MemberKey, abi::Member> members_;
    MapIo& backends_;
    RangeAllocator arena_;
    std::map<Key, Placed, ByteLess> placed_{};
};

extern template class FrontendsApply<V4>;
extern template class FrontendsApply<V6>;

}  // namespace beeline::kernel
