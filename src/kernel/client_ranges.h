// loadBalancerSourceRanges: bl_src_ranges of one family, and the same by frontend.
#pragma once
#include <set>

#include "kernel/change.h"
#include "kernel/frontend_keys.h"
#include "kernel/table.h"

namespace beeline::kernel {

template <class F>
class ClientRanges {
public:
    using Key = typename F::FrontendKey;
    using RangeKey = typename F::RangeKey;
    using Keys = std::set<RangeKey, ByteLess>;

    explicit ClientRanges(MapIo& io) : rows_(io) {}
    Result<> load();
    // The rows of this frontend are as they were left.
    Result<bool> is_as_known(const Key& key) const;
    std::vector<Prefix> of(const Key& key) const;  // ordered
    // True: they change.
    bool stage(const Key& key, const std::vector<Prefix>& want, Change& change);
    // Those of frontends of which `is_orphan` is true.
    void stage_orphans(const std::function<bool(const Key&)>& is_orphan, Change& change);

private:
    Keys keys_of(const Key& key) const;
    Result<> admit(const RangeKey& range);
    Result<> dismiss(const RangeKey& range);

    Table<RangeKey, abi::u32> rows_;
    std::map<Key, Keys, ByteLess> by_frontend_{};
};

extern template class ClientRanges<V4>;
extern template class ClientRanges<V6>;

}  // namespace beeline::kernel
