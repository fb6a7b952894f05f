// Next hops: rows 2 and up of bl_hops. A row that a flow may name is never changed; a new next hop is a new row.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <vector>

#include "abi/flow.h"
#include "kernel/map_io.h"

namespace beeline::kernel {

class HopRows {
public:
    using Used = std::set<std::uint32_t>;

    explicit HopRows(MapIo& rows) : rows_(rows) {}
    // Who names rows says which; lives as long as this object.
    void add_user(std::function<Used()> used) { users_.push_back(std::move(used)); }
    Result<> load();
    // `current` if that row says `want` already, else a free row whose content is written by write().
    // Errors: exhausted.
    Result<std::uint32_t> place(const abi::Hop& want, std::uint32_t current);
    Result<> write(std::uint32_t row);
    // Clears rows that no user names; only after a grace period without pointers to them.
    Result<> collect();
    bool idle() const;  // collect() would clear something
    const abi::Hop* find(std::uint32_t row) const;
    // Row `hop_host`: delivery to the node's own stack. True if it was changed.
    Result<bool> set_host(const abi::Hop& host);

private:
    static constexpr std::uint32_t first_row = abi::hop_host + 1;
    Used used() const;

    MapIo& rows_;
    std::vector<std::function<Used()>> users_{};
    std::map<std::uint32_t, abi::Hop> taken_{};
    std::set<std::uint32_t> unwritten_{};
    abi::Hop host_{};
};

}  // namespace beeline::kernel
