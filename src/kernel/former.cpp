#include "kernel/former.h"

#include <algorithm>

#include "ebpf/pin.h"
#include "kernel/ebpf_result.h"
#include "kernel/grace.h"
#include "kernel/map_io.h"

namespace beeline::kernel {
namespace {

Result<> put_map(const ebpf::RawMap& slot, const ebpf::RawMap& table) {
    const std::uint32_t key = 0, fd = static_cast<std::uint32_t>(table.fd());
    return result_of(slot.update(bytes_of(key), bytes_of(fd)));
}

Result<std::optional<ebpf::RawMap>> pinned_map(const std::string& path) {
    if (!ebpf::pin_exists(path)) return std::optional<ebpf::RawMap>{};
    return std::optional(TRY(result_of(ebpf::RawMap::from_pin(path))));
}

// The programs that run, of whatever object, learn of the larger table.
Result<> tell_running(const Pins& pins, const GrowingTable& table, const ebpf::RawMap& larger) {
    const auto slot = TRY(pinned_map(pins.map(table.slot)));
    return slot ? put_map(*slot, larger) : Result<>{};
}

// The former table of this object: one whose entries are still to be moved, or the pinned one that is not adopted.
Result<std::optional<ebpf::RawMap>> find_former(const Pins& pins, const GrowingTable& table, const ebpf::RawMap& now) {
    auto former = TRY(pinned_map(pins.map(table.pin)));
    if (former) return former;
    auto pinned = TRY(pinned_map(pins.map(table.flows)));
    if (!pinned || pinned->info().id == now.info().id) return std::optional<ebpf::RawMap>{};
    CHECK(tell_running(pins, table, now));
    return pinned;
}

}  // namespace

bool is_table_slot(std::string_view map) {
    return std::ranges::any_of(growing_tables, [&](const GrowingTable& table) { return table.slot == map; });
}

bool outgrows(const Pins& pins, std::string_view map, std::uint32_t pinned, std::uint32_t wanted) {
    return std::ranges::any_of(growing_tables, [&](const GrowingTable& table) {
        return table.flows == map && wanted > pinned && !ebpf::pin_exists(pins.map(table.pin));
    });
}

Result<> forget_unused_formers(const Pins& pins) {
    for (const GrowingTable& table : growing_tables) {
        const auto former = TRY(pinned_map(pins.map(table.pin)));
        const auto flows = TRY(pinned_map(pins.map(table.flows)));
        const bool unused = former && (!flows || former->info().id == flows->info().id);
        if (unused) (void)TRY(result_of(ebpf::remove_pin(pins.map(table.pin))));
    }
    return {};
}

Result<> forget_formers(const Pins& pins) {
    for (const GrowingTable& table : growing_tables)
        (void)TRY(result_of(ebpf::remove_pin(pins.map(table.pin))));
    return {};
}

Result<Formers> exchange_tables(const ebpf::Object& object, const Pins& pins) {
    Formers formers;
    for (const GrowingTable& table : growing_tables) {
        const auto now = TRY(result_of(object.raw_map(table.flows)));
        auto former = TRY(find_former(pins, table, now));
        const auto slot = TRY(result_of(object.raw_map(table.slot)));
        if (former) CHECK(put_map(slot, *former));
        formers.push_back(std::move(former));
    }
    if (std::ranges::none_of(formers, [](const auto& former) { return former.has_value(); })) return formers;
    auto grace = TRY(Grace::open());
    CHECK(grace.wait());
    for (std::size_t i = 0; i < formers.size(); i++)
        if (formers[i]) CHECK(result_of(ebpf::replace_pin(formers[i]->fd(), pins.map(growing_tables[i].pin))));
    return formers;
}

}  // namespace beeline::kernel
