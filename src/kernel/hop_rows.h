// Next hops: rows 2 and up of bl_hops. A row that a flow may name is never changed; a new next hop is a new row.
#pragma once
#include <map>
#include <set>

#include "abi/flow.h"
#include "kernel/map_io.h"

namespace beeline::kernel {

class HopRows {
public:
    explicit HopRows(MapIo& rows) : rows_(rows) {}
    Result<> load();
    // `current` if that row says `want` already, else a free row whose content is written by write().
    // Errors: exhausted.
    Result<std::uint32_t> place(const abi::Hop& want, std::uint32_t current);
    Result<> write(std::uint32_t row);
    // Clears rows not in `used`; only after a grace period without pointers to them.
    Result<> collect(const std::set<std::uint32_t>& used);
    bool idle(const std::set<std::uint32_t>& used) const;  // collect() would clear something
    const abi::Hop* find(std::uint32_t row) const;
    // Row `hop_host`: delivery to the node's own stack. True if it was changed.
    Result<bool> set_host(const abi::Hop& host);

private:
    static constexpr std::uint32_t first_row = abi::hop_host + 1;
    MapIo& rows_;
    std::map<std::uint32_t, abi::Hop> taken_{};
    std::set<std::uint32_t> unwritten_{};
    abi::Hop host_{};
};

}  // namespace beeline::kernel
