// bl_maglev: the tables of the frontends of both families, each contiguous rows. Like ranges of backends they are
// written before their frontend is switched to them, and given back after the grace period.
#pragma once
#include <algorithm>
#include <set>

#include "kernel/change.h"
#include "kernel/maglev.h"
#include "kernel/map_io.h"
#include "kernel/range_allocator.h"

namespace beeline::kernel {

// What a frontend has. Its clients inside and outside may share one table; no places: none.
struct MaglevTables {
    MaglevNumbers inside, outside;
    Range inside_rows, outside_rows;

    // Without rows yet. None where no client has a choice. Errors: exhausted.
    static Result<MaglevTables> of(const std::vector<plan::Backend>& inside, const std::vector<plan::Backend>& outside);
    std::set<Range> rows() const;
    std::uint32_t places() const { return static_cast<std::uint32_t>(std::max(inside.size(), outside.size())); }
    bool says_the_same(const MaglevTables& other) const { return inside == other.inside && outside == other.outside; }
};

class MaglevRows {
public:
    explicit MaglevRows(MapIo& io) : io_(io), arena_({0, io.max_entries()}) {}

    // Nobody has any rows: before all frontends are asked again.
    void reset() { arena_ = RangeAllocator({0, io_.max_entries()}); }
    // What the row of a frontend points to becomes its own. Empty if that is no table, or in part another's.
    Result<MaglevTables> take(const abi::Frontend& row);
    // Rows for the tables. Errors: exhausted; then nothing is taken.
    Result<> place(MaglevTables& tables);
    void stage(const MaglevTables& tables, Change& change);
    // Those of `held` that `kept` does not have.
    void release(const std::set<Range>& held, const std::set<Range>& kept);
    std::uint32_t free() const { return arena_.free(); }

private:
    Result<MaglevNumbers> read(Range rows, std::uint32_t places) const;

    MapIo& io_;
    RangeAllocator arena_;
};

}  // namespace beeline::kernel
