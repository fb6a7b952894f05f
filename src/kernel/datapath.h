// The loaded object: maps (adopted or new), programs, and the memory of the epochs.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "abi/config.h"
#include "ebpf/mapped_array.h"
#include "ebpf/program.h"
#include "kernel/ebpf_map_io.h"
#include "kernel/former.h"
#include "kernel/options.h"
#include "kernel/pins.h"

namespace beeline::kernel {

class Datapath {
public:
    // Adopts the pinned maps, whatever their sizes; if one of them has another layout, none of them (flows and epochs
    // live and die together). A flow table that is to be larger is made anew, and the pinned one becomes its former; a
    // larger map of the agent's rows (demand.h) gets those of the pinned one. Errors: conflict (a map that no agent
    // made stands at the place of one). Loads the programs with `config`, pins maps and programs, and puts the slow
    // path of these into the place of the one that runs. Nothing is attached.
    static Result<Datapath> load(const Pins& pins, const Options& options, const abi::Config& config);

    // By the names of abi/maps.h, and bl_epochs, bl_tcp_budget, bl_config. Null: no such map.
    EbpfMapIo* find_map(std::string_view name) const;
    EbpfMapIo& map(std::string_view name) const { return *find_map(name); }
    // Null: no such program.
    const ebpf::Program* find_program(std::string_view name) const;
    std::span<std::uint32_t> epochs() const { return epochs_; }
    // The table that `flows` ("bl_flows4") was before it grew, as long as the programs look into it. Null: none.
    const ebpf::RawMap* former(std::string_view flows) const;
    // Nothing is left in it.
    Result<> forget_former(std::string_view flows);
    // False: a later load() has put larger maps into the place of some of these. The slow path that runs may look into
    // those, and not into these.
    bool is_pinned() const;
    // The configuration is another than the one the pinned flows were decided under.
    bool config_changed() const { return config_changed_; }
    const std::map<std::string, std::unique_ptr<EbpfMapIo>, std::less<>>& maps() const { return maps_; }

    // What the programs that are pinned were loaded with. nullopt: there are none, or those of another build.
    static std::optional<abi::Config> pinned_config(const Pins& pins);

private:
    explicit Datapath(Pins pins) : pins_(std::move(pins)) {}
    Result<> take_map(const ebpf::Object& object, const std::string& name);
    Pins pins_;
    Formers formers_{};
    std::map<std::string, std::unique_ptr<EbpfMapIo>, std::less<>> maps_{};
    std::map<std::string, ebpf::Program, std::less<>> programs_{};
    std::unique_ptr<ebpf::MappedArray<std::uint32_t>> mapping_{};
    std::span<std::uint32_t> epochs_{};
    bool config_changed_ = false;
};

}  // namespace beeline::kernel
