#include "kernel/maglev_rows.h"

#include <algorithm>

namespace beeline::kernel {
namespace {

constexpr std::uint32_t rows_for(std::size_t places) {
    return static_cast<std::uint32_t>((places + abi::maglev_row_places - 1) / abi::maglev_row_places);
}

}  // namespace

Result<MaglevTables> MaglevTables::of(const std::vector<plan::Backend>& inside,
                                      const std::vector<plan::Backend>& outside) {
    if (std::max(inside.size(), outside.size()) < 2) return MaglevTables{};
    return MaglevTables{.inside = TRY(maglev_table(inside)),
                        .outside = TRY(maglev_table(outside)),
                        .inside_rows = {},
                        .outside_rows = {}};
}

std::set<Range> MaglevTables::rows() const {
    std::set<Range> rows;
    for (const Range& range : {inside_rows, outside_rows})
        if (range.count != 0) rows.insert(range);
    return rows;
}

Result<MaglevNumbers> MaglevRows::read(Range rows, std::uint32_t places) const {
    MaglevNumbers numbers;
    for (std::uint32_t index = rows.first; index < rows.first + rows.count; index++) {
        abi::MaglevRow row{};
        if (!TRY(io_.lookup(bytes_of(index), writable_bytes_of(row)))) return MaglevNumbers{};
        numbers.insert(numbers.end(), std::begin(row.backend), std::end(row.backend));
    }
    numbers.resize(std::min<std::size_t>(numbers.size(), places));
    return numbers;
}

Result<MaglevTables> MaglevRows::take(const abi::Frontend& row) {
    MaglevTables tables;
    if (row.algorithm != static_cast<abi::u8>(abi::Algorithm::maglev) || row.places == 0) return tables;
    if (row.places > std::uint64_t{io_.max_entries()} * abi::maglev_row_places) return tables;
    const std::uint32_t count = rows_for(row.places);
    if (row.count != 0) tables.inside_rows = {row.table, count};
    if (row.count_outside != 0) tables.outside_rows = {row.table_outside, count};
    std::set<Range> taken;
    for (const Range& range : tables.rows()) {
        if (arena_.reserve(range)) {
            taken.insert(range);
            continue;
        }
        release(taken, {});
        return MaglevTables{};
    }
    tables.inside = TRY(read(tables.inside_rows, row.places));
    tables.outside = TRY(read(tables.outside_rows, row.places));
    return tables;
}

Result<> MaglevRows::place(MaglevTables& tables) {
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

void MaglevRows::stage(const MaglevTables& tables, Change& change) {
    const auto write = [&](Range rows, const MaglevNumbers& numbers) {
        for (std::uint32_t i = 0; i < rows.count; i++) {
            abi::MaglevRow row{};
            const auto from = std::size_t{i} * abi::maglev_row_places;
            const auto n = std::min<std::size_t>(abi::maglev_row_places, numbers.size() - from);
            std::copy_n(numbers.begin() + static_cast<std::ptrdiff_t>(from), n, row.backend);
            change.prepare.push_back(
                [this, index = rows.first + i, row] { return io_.update(bytes_of(index), bytes_of(row)); });
        }
    };
    write(tables.inside_rows, tables.inside);
    if (tables.outside_rows != tables.inside_rows) write(tables.outside_rows, tables.outside);
}

void MaglevRows::release(const std::set<Range>& held, const std::set<Range>& kept) {
    for (const Range& range : held)
        if (!kept.contains(range)) arena_.release(range);
}

}  // namespace beeline::kernel
