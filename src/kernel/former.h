// A flow table that grows: the object is loaded with a larger one, and as long as the former one has entries, the
// programs look into both (docs/datapath/flow-table.md). A pin keeps the former table, so that the next agent goes on
// with it.
#pragma once
#include <optional>
#include <vector>

#include "ebpf/object.h"
#include "kernel/pins.h"

namespace beeline::kernel {

struct GrowingTable {
    const char *flows, *slot, *pin;  // maps of the object: the table, and the slot for the other one; pin of the former
};
inline constexpr GrowingTable growing_tables[] = {{"bl_flows4", "bl_other4", "bl_former4"},
                                                  {"bl_flows6", "bl_other6", "bl_former6"}};

// This map holds another map for these programs alone: it is pinned, and never adopted.
bool is_table_slot(std::string_view map);
// A pinned map of so many entries makes room for a larger one. Not while it has a former one itself.
bool outgrows(const Pins& pins, std::string_view map, std::uint32_t pinned, std::uint32_t wanted);
// Removes what an agent left that died before the larger table was pinned.
Result<> forget_unused_formers(const Pins& pins);

// Another layout: what the formers hold means nothing any more.
Result<> forget_formers(const Pins& pins);

// The former tables of a loaded object, by the place of growing_tables.
using Formers = std::vector<std::optional<ebpf::RawMap>>;
// Before the object's maps are pinned, and before any of its programs runs: from now on the programs that run look into
// its flow tables as well, and its programs into theirs. Waits a grace period if a table grows.
Result<Formers> exchange_tables(const ebpf::Object& object, const Pins& pins);

}  // namespace beeline::kernel
