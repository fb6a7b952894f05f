#include "kernel/datapath.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "abi/maps.h"
#include "ebpf/object.h"
#include "ebpf/pin.h"
#include "kernel/demand.h"
#include "kernel/ebpf_result.h"
#include "kernel/map_io.h"
#include "kernel/object_bytes.h"
#include "kernel/row_copy.h"
#include "kernel/wanted_programs.h"

namespace beeline::kernel {
namespace {

// Name a map is pinned and asked for by; empty: it is not kept. Data sections are called after what they hold.
std::string pin_name(const std::string& map) {
    if (map == "bl_scratch" || map == "bl_neighbours" || map == "bl_ways")
        return "";  // nothing to keep, and the layout is the object's own
    if (map == ".rodata") return "bl_config";
    if (map.ends_with(".epochs")) return "bl_epochs";
    if (map.ends_with(".budget")) return "bl_tcp_budget";
    if (map.ends_with(".hurry")) return "bl_hurry";
    return map.starts_with('.') ? "" : map;
}

bool is_constant(const std::string& map) {
    return map == ".rodata";
}

// Each object has its own, and only the last one's is pinned.
bool is_adopted(const std::string& map) {
    return !pin_name(map).empty() && !is_constant(map) && !is_table_slot(map);
}

using Sizes = std::map<std::string, std::uint32_t>;

std::uint32_t size_in(const Sizes& sizes, const std::string& map) {
    const auto size = sizes.find(map);
    return size == sizes.end() ? 0 : size->second;
}

// A map that has as many rows as another one has them also if an agent died between the two pins.
Sizes with_partners(Sizes sizes, const Pins& pins) {
    const SizeOf pinned = pinned_sizes(pins.root());
    for (const RowPartner& pair : row_partners) {
        const std::uint32_t rows = std::max(size_in(sizes, pair.as), pinned(pair.as));
        if (rows != 0) sizes[pair.map] = rows;
    }
    return sizes;
}

// Without what this node does not need.
Result<ebpf::Object> open_object(const Sizes& sizes, const Options& options, const abi::Config& config) {
    auto object = TRY(result_of(ebpf::Object::open(object_bytes(), {.name = "beeline", .btf_path = ""})));
    CHECK(result_of(object.set_rodata(config, "bl_config")));
    for (const auto& [map, entries] : sizes)
        CHECK(result_of(object.set_max_entries(map, entries)));
    CHECK(skip_unwanted(object, options));
    return object;
}

std::string text_of(const ebpf::MapInfo& map) {
    return fmt::format("map '{}' ({}, key {} bytes, value {} bytes)", map.name, ebpf::map_type_name(map.type),
                       map.key_size, map.value_size);
}

// A map of an agent bears the name of the object's. Where another one stands somebody else put it: it is not ours to
// replace, nor is what is pinned beside it to be given up for it.
Result<> check_ours(const std::string& path, const ebpf::MapInfo& declared) {
    constexpr std::size_t longest = BPF_OBJ_NAME_LEN - 1;
    if (!ebpf::pin_exists(path)) return {};
    const auto pinned = TRY(result_of(ebpf::RawMap::from_pin(path)));
    if (pinned.info().name == declared.name.substr(0, longest)) return {};
    return fail(Errc::conflict, fmt::format("{}: {} is pinned here, where {} belongs; remove it if nobody needs it",
                                            path, text_of(pinned.info()), text_of(declared)));
}

Result<> check_pins(const ebpf::Object& object, const Pins& pins) {
    for (const std::string& map : object.map_names()) {
        if (!is_adopted(map) || map.starts_with('.')) continue;  // data sections: libbpf names them
        const auto declared = TRY(result_of(object.declared_map(map)));
        CHECK(check_ours(pins.map(map), declared));
    }
    for (const GrowingTable& table : growing_tables) {
        const auto declared = TRY(result_of(object.declared_map(table.flows)));
        CHECK(check_ours(pins.map(table.pin), declared));
    }
    return {};
}

// Sizes asked for do not apply to maps that are there: their rows are worth more. But some maps grow.
Result<> reuse_pinned(ebpf::Object& object, const Pins& pins, const Sizes& sizes) {
    for (const std::string& map : object.map_names()) {
        const std::string path = pins.map(pin_name(map));
        if (!is_adopted(map) || !ebpf::pin_exists(path)) continue;
        auto pinned = TRY(result_of(ebpf::RawMap::from_pin(path)));
        const std::uint32_t now = pinned.info().max_entries, wanted = size_in(sizes, map);
        const bool moves = outgrows(pins, map, now, wanted) || (grows_by_demand(map) && wanted > now);
        CHECK(result_of(moves ? object.check_map(map, pinned) : object.reuse_map(map, pinned.fd())));
    }
    return {};
}

// False: they have another layout.
Result<bool> adopt_pinned(ebpf::Object& object, const Pins& pins, const Sizes& sizes) {
    CHECK(check_pins(object, pins));
    return reuse_pinned(object, pins, sizes).has_value();
}

// Before anything is switched: whoever runs goes on with the pinned map, which is complete, and so is this one. Only
// this thread writes rows; what the datapath adds to bl_loads4/6 meanwhile is an estimate that the next sweep makes
// anew.
Result<> fill_grown(const ebpf::Object& object, const Pins& pins) {
    for (const std::string& map : object.map_names()) {
        const std::string path = pins.map(map);
        if (!grows_by_demand(map) || !ebpf::pin_exists(path)) continue;
        const auto before = TRY(result_of(ebpf::RawMap::from_pin(path)));
        const auto now = TRY(result_of(object.raw_map(map)));
        if (before.info().id != now.info().id) CHECK(copy_rows(before, now));
    }
    return {};
}

std::vector<std::byte> only_row(const ebpf::RawMap& map) {
    std::vector<std::byte> row(map.info().value_size);
    const std::uint32_t key = 0;
    auto found = map.lookup(std::as_bytes(std::span(&key, 1)), row);
    return found && *found ? row : std::vector<std::byte>{};
}

bool constants_differ(const std::string& path, const ebpf::RawMap& now) {
    auto pinned = ebpf::RawMap::from_pin(path);
    return !pinned || only_row(*pinned) != only_row(now);
}

}  // namespace

SizeOf pinned_sizes(const std::string& bpffs) {
    return [pins = Pins(bpffs)](const std::string& map) {
        const auto pinned = ebpf::RawMap::from_pin(pins.map(map));
        return pinned ? pinned->info().max_entries : 0;
    };
}

// Into the place of the pinned one, which is it in most cases.
Result<> Datapath::take_map(const ebpf::Object& object, const std::string& name) {
    const std::string pin = pin_name(name);
    if (pin.empty()) return {};
    auto map = TRY(result_of(object.raw_map(name)));
    if (is_constant(name)) config_changed_ = constants_differ(pins_.map(pin), map);
    CHECK(result_of(ebpf::replace_pin(map.fd(), pins_.map(pin))));
    maps_.emplace(pin, std::make_unique<EbpfMapIo>(pin, std::move(map)));
    return {};
}

Result<Datapath> Datapath::load(const Pins& pins, const Options& options, const abi::Config& config) {
    CHECK(forget_unused_formers(pins));
    const Sizes sizes = with_partners(options.table_sizes, pins);
    auto object = TRY(open_object(sizes, options, config));
    const bool adopted = TRY(adopt_pinned(object, pins, sizes));
    if (!adopted) object = TRY(open_object(options.table_sizes, options, config));  // another layout: all maps anew
    CHECK(result_of(object.load()));
    if (adopted) CHECK(fill_grown(object, pins));
    Datapath datapath(pins);
    if (!adopted) CHECK(forget_formers(pins));
    datapath.formers_ = adopted ? TRY(exchange_tables(object, pins)) : Formers{};
    for (const std::string& name : object.map_names())
        if (!is_table_slot(name)) CHECK(datapath.take_map(object, name));
    CHECK(fill_slots(object, options));
    for (const GrowingTable& table : growing_tables)  // now, for they belong to the slow path that runs
        CHECK(datapath.take_map(object, table.slot));
    for (const std::string& name : object.program_names()) {
        if (!is_wanted(name, options)) {
            (void)TRY(result_of(ebpf::remove_pin(pins.program(name))));
            continue;
        }
        auto program = TRY(result_of(object.program(name)));
        CHECK(result_of(ebpf::replace_pin(program.fd(), pins.program(name))));
        datapath.programs_.emplace(name, std::move(program));
    }
    const EbpfMapIo* epochs = datapath.find_map("bl_epochs");
    if (epochs == nullptr) return fail(Errc::invalid, "the object has no section of epochs");
    datapath.mapping_ = std::make_unique<ebpf::MappedArray<std::uint32_t>>(
        TRY(result_of(ebpf::map_array<std::uint32_t>(epochs->raw()))));
    datapath.epochs_ = TRY(result_of(datapath.mapping_->span()));
    if (datapath.epochs_.size() < abi::epoch_slots) return fail(Errc::invalid, "the object has too few epochs");
    return datapath;
}

// The section holds this one variable.
std::optional<abi::Config> Datapath::pinned_config(const Pins& pins) {
    auto pinned = ebpf::RawMap::from_pin(pins.map("bl_config"));
    if (!pinned) return std::nullopt;
    const std::vector<std::byte> row = only_row(*pinned);
    abi::Config config{};
    if (row.size() != sizeof config) return std::nullopt;
    std::memcpy(&config, row.data(), sizeof config);
    return config;
}

bool Datapath::is_pinned() const {
    return std::ranges::all_of(maps_, [this](const auto& item) {
        const auto& [name, map] = item;
        if (!grows_by_demand(name)) return true;
        const auto pinned = ebpf::RawMap::from_pin(pins_.map(name));
        return pinned && pinned->info().id == map->raw().info().id;
    });
}

const ebpf::RawMap* Datapath::former(std::string_view flows) const {
    for (std::size_t i = 0; i < formers_.size(); i++)
        if (growing_tables[i].flows == flows && formers_[i]) return &*formers_[i];
    return nullptr;
}

Result<> Datapath::forget_former(std::string_view flows) {
    const std::uint32_t key = 0;
    for (std::size_t i = 0; i < formers_.size(); i++) {
        const GrowingTable& table = growing_tables[i];
        if (table.flows != flows || !formers_[i]) continue;
        (void)TRY(result_of(map(table.slot).raw().remove(bytes_of(key))));
        (void)TRY(result_of(ebpf::remove_pin(pins_.map(table.pin))));
        formers_[i].reset();
    }
    return {};
}

EbpfMapIo* Datapath::find_map(std::string_view name) const {
    auto it = maps_.find(name);
    return it == maps_.end() ? nullptr : it->second.get();
}

const ebpf::Program* Datapath::find_program(std::string_view name) const {
    auto it = programs_.find(name);
    return it == programs_.end() ? nullptr : &it->second;
}

}  // namespace beeline::kernel
