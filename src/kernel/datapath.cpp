#include "kernel/datapath.h"

#include <fmt/format.h>

#include <cstring>

#include "abi/hook.h"
#include "abi/maps.h"
#include "ebpf/object.h"
#include "ebpf/pin.h"
#include "kernel/ebpf_result.h"
#include "kernel/map_io.h"
#include "kernel/object_bytes.h"

namespace beeline::kernel {
namespace {

// Name a map is pinned and asked for by; empty: it is not kept. Data sections are called after what they hold.
std::string pin_name(const std::string& map) {
    if (map == "bl_scratch") return "";  // means nothing between two packets, and its layout is the object's own
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

Result<ebpf::Object> open_object(const Options& options, const abi::Config& config) {
    auto object = TRY(result_of(ebpf::Object::open(object_bytes(), {.name = "beeline", .btf_path = ""})));
    CHECK(result_of(object.set_rodata(config, "bl_config")));
    for (const auto& [map, entries] : options.table_sizes)
        CHECK(result_of(object.set_max_entries(map, entries)));
    return object;
}

std::uint32_t wanted_size(const Options& options, const std::string& map) {
    const auto size = options.table_sizes.find(map);
    return size == options.table_sizes.end() ? 0 : size->second;
}

// Sizes asked for do not apply to maps that are there: their rows are worth more. But a flow table grows.
Result<> reuse_pinned(ebpf::Object& object, const Pins& pins, const Options& options) {
    for (const std::string& map : object.map_names()) {
        const std::string path = pins.map(pin_name(map));
        if (!is_adopted(map) || !ebpf::pin_exists(path)) continue;
        auto pinned = TRY(result_of(ebpf::RawMap::from_pin(path)));
        if (outgrows(pins, map, pinned.info().max_entries, wanted_size(options, map))) continue;
        CHECK(result_of(object.reuse_map(map, pinned.fd())));
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

Result<> fill_slot(const ebpf::Object& object, const ebpf::RawMap& array, const char* name, std::uint32_t slot) {
    const auto program = TRY(result_of(object.program(name)));
    return result_of(program.put_into(array, slot));
}

// Before anything is attached: a hook never jumps into nothing, and after an upgrade old hooks meet new targets.
Result<> fill_slow(const ebpf::Object& object) {
    const auto array = TRY(result_of(object.raw_map("bl_slow")));
#define X(name, slot) CHECK(fill_slot(object, array, #name, slot));
    BEELINE_SLOW(X)
#undef X
    return {};
}

}  // namespace

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
    auto object = TRY(open_object(options, config));
    const bool adopted = reuse_pinned(object, pins, options).has_value();
    if (!adopted) object = TRY(open_object(options, config));  // another layout: all maps anew
    CHECK(result_of(object.load()));
    Datapath datapath(pins);
    if (!adopted) CHECK(forget_formers(pins));
    datapath.formers_ = adopted ? TRY(exchange_tables(object, pins)) : Formers{};
    for (const std::string& name : object.map_names())
        if (!is_table_slot(name)) CHECK(datapath.take_map(object, name));
    CHECK(fill_slow(object));
    for (const GrowingTable& table : growing_tables)  // now, for they belong to the slow path that runs
        CHECK(datapath.take_map(object, table.slot));
    for (const std::string& name : object.program_names()) {
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
