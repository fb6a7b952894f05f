#include "kernel/place_rows.h"

#include <algorithm>
#include <functional>

#include "kernel/maglev.h"

namespace beeline::kernel {
namespace {

constexpr std::uint32_t rows_for(std::size_t places) {
    return static_cast<std::uint32_t>((places + abi::places_per_row - 1) / abi::places_per_row);
}

}  // namespace

Result<Places> places_for(abi::Algorithm algorithm, const std::vector<plan::Backend>& backends) {
    if (backends.size() < 2 || algorithm == abi::Algorithm::least_connections) return Places{};
    if (algorithm == abi::Algorithm::maglev) return maglev_table(backends);
    std::vector<std::uint16_t> weights;
    weights.reserve(backends.size());
    for (const plan::Backend& backend : backends)
        weights.push_back(backend.weight);
    return std::ranges::adjacent_find(weights, std::not_equal_to<>{}) == weights.end() ? Places{} : turns_of(weights);
}

std::set<Range> PlaceTables::rows() const {
    std::set<Range> rows;
    for (const Range& range : {inside_rows, outside_rows})
        if (range.count != 0) rows.insert(range);
    return rows;
}

Result<Places> PlaceRows::read(Range rows, std::uint32_t places) const {
    Places numbers;
    for (std::uint32_t index = rows.first; index < rows.first + rows.count; index++) {
        abi::PlacesRow row{};
        if (!TRY(io_.lookup(bytes_of(index), writable_bytes_of(row)))) return Places{};
        numbers.insert(numbers.end(), std::begin(row.backend), std::end(row.backend));
    }
    numbers.resize(std::min<std::size_t>(numbers.size(), places));
    return numbers;
}

Result<PlaceTables> PlaceRows::take(const abi::Frontend& row) {
    PlaceTables tables;
    if (row.places != 0) tables.inside_rows = {row.table, rows_for(row.places)};
    if (row.places_outside != 0) tables.outside_rows = {row.table_outside, rows_for(row.places_outside)};
    std::set<Range> taken;
    for (const Range& range : tables.rows()) {
        if (arena_.reserve(range)) {
            taken.insert(range);
            continue;
        }
        release(taken, {});
        return PlaceTables{};
    }
    tables.inside = TRY(read(tables.inside_rows, row.places));
    tables.outside = TRY(read(tables.outside_rows, row.places_outside));
    return tables;
}

Result<bool> PlaceRows::is_as_known(const PlaceTables& tables) const {
    const auto read_whole = [this](const Range& rows, const Places& places) {
        return read(rows, static_cast<std::uint32_t>(places.size()));
    };
    if (TRY(read_whole(tables.inside_rows, tables.inside)) != tables.inside) return false;
    if (tables.outside_rows == tables.inside_rows) return true;
    return TRY(read_whole(tables.outside_rows, tables.outside)) == tables.outside;
}

Result<> PlaceRows::place(PlaceTables& tables) {
    const auto named = [this](Result<Range> range) -> Result<Range> {
        if (!range) return fail(Errc::exhausted, io_.name() + ": " + range.error().what);
        return range;
    };
    tables.inside_rows = TRY(named(arena_.allocate(rows_for(tables.inside.size()))));
    tables.outside_rows = tables.inside_rows;
    if (tables.outside == tables.inside) return {};
    auto outside = named(arena_.allocate(rows_for(tables.outside.size())));
    if (!outside) arena_.release(tables.inside_rows);
    tables.outside_rows = TRY(std::move(outside));
    return {};
}

void PlaceRows::stage(const PlaceTables& tables, Change& change) {
    const auto write = [&](Range rows, const Places& numbers) {
        std::vector<abi::PlacesRow> table(rows.count);
        for (std::uint32_t i = 0; i < rows.count; i++) {
            const auto from = std::size_t{i} * abi::places_per_row;
            const auto n = std::min<std::size_t>(abi::places_per_row, numbers.size() - from);
            std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(from), n, table[i].backend);
        }
        if (!table.empty())
            change.prepare.push_back(
                [this, first = rows.first, table = std::move(table)] { return update_range(io_, first, table); });
    };
    write(tables.inside_rows, tables.inside);
    if (tables.outside_rows != tables.inside_rows) write(tables.outside_rows, tables.outside);
}

void PlaceRows::release(const std::set<Range>& held, const std::set<Range>& kept) {
    for (const Range& range : held)
        if (!kept.contains(range)) arena_.release(range);
}

}  // namespace beeline::kernel
