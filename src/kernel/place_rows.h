// bl_places: the tables of the frontends of both families, each contiguous rows. Like ranges of backends they are
// written before their frontend is switched to them, and given back after the grace period.
#pragma once
#include <algorithm>
#include <set>

#include "kernel/change.h"
#include "kernel/map_io.h"
#include "kernel/range_allocator.h"
#include "kernel/turns.h"

namespace beeline::kernel {

// The table by which a frontend's new flows choose among these backends. Empty: none, as where there is no choice or
// all weigh the same. Errors: exhausted.
Result<Places> places_for(abi::Algorithm algorithm, const std::vector<plan::Backend>& backends);

// What a frontend has. Its clients inside and outside may share one table; no places: none.
struct PlaceTables {
    Places inside, outside;
    Range inside_rows, outside_rows;

    std::set<Range> rows() const;
    bool says_the_same(const PlaceTables& other) const { return inside == other.inside && outside == other.outside; }
};

class PlaceRows {
public:
    explicit PlaceRows(MapIo& io) : io_(io), arena_({0, io.max_entries()}) {}

    // Nobody has any rows: before all frontends are asked again.
    void reset() { arena_ = RangeAllocator({0, io_.max_entries()}); }
    // What the row of a frontend points to becomes its own. Empty if that is no table, or in part another's.
    Result<PlaceTables> take(const abi::Frontend& row);
    // These rows say what they are said to.
    Result<bool> is_as_known(const PlaceTables& tables) const;
    // Rows for the tables. Errors: exhausted; then nothing is taken.
    Result<> place(PlaceTables& tables);
    void stage(const PlaceTables& tables, Change& change);
    // Those of `held` that `kept` does not have.
    void release(const std::set<Range>& held, const std::set<Range>& kept);
    std::uint32_t free() const { return arena_.free(); }

private:
    Result<Places> read(Range rows, std::uint32_t places) const;

    MapIo& io_;
    RangeAllocator arena_;
};

}  // namespace beeline::kernel
