// beeline map list
#include <fmt/format.h>

#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

Cell fill_of(const boost::json::value& map) {
    const auto entries = real_at(map, "entries"), limit = real_at(map, "max_entries");
    if (limit <= 0) return "";
    const auto percent = entries * 100 / limit;
    return {fmt::format("{:.0f}%", percent), percent >= 90 ? Tone::warn : Tone::plain};
}

class MapList : public Verb {
public:
    Spec spec() const override {
        return {
            "map list", "the eBPF maps and how full they are",
            "One line a map of the datapath. ID is that of `bpftool map`; MEMORY is what the kernel accounts for it.",
            "beeline map list\n"
            "bpftool map dump id $(beeline map list -o json | jq -r '.[] | select(.name == \"bl_flows4\") | .id')"};
    }
    Result<int> run(Context& c) override {
        const auto answer = TRY(c.agent().get("/v1/maps"));
        c.show_table(answer, [&] {
            Table table({"NAME", "KIND", "ID", "ENTRIES", "MAX", "FULL", "MEMORY"});
            table.none_are("maps");
            for (const auto& map : list_of(answer))
                table.row({text_at(map, "name"), text_at(map, "kind"), text_at(map, "id"), text_at(map, "entries"),
                           text_at(map, "max_entries"), fill_of(map),
                           size_text(static_cast<std::uint64_t>(number_at(map, "memlock")))});
            return table;
        });
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_map_list() {
    return std::make_unique<MapList>();
}

}  // namespace beeline::cli
