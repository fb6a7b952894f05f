// beeline flow list
#include <fmt/format.h>

#include <cmath>

#include "apps/cli/context.h"
#include "apps/cli/flow_filter.h"
#include "apps/cli/flow_text.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

std::string end_of(const json::value& flow, const std::string& path) {
    return addr_port(text_at(flow, path + ".addr"), number_at(flow, path + ".port"));
}

// What is rewritten: "to 10.244.1.3:8080", "from 10.96.0.10:80"
std::string rewrite_text(const json::value& flow) {
    if (!has(flow, "translated")) return {};
    std::string out;
    const auto source = end_of(flow, "translated.source"), destination = end_of(flow, "translated.destination");
    if (source != end_of(flow, "source")) out = "from " + source;
    if (destination != end_of(flow, "destination")) out += (out.empty() ? "to " : " to ") + destination;
    return out;
}

Cell state_of(const json::value& flow) {
    const auto state = text_at(flow, "state");
    if (state == "denied") return {state, Tone::bad};
    if (!bool_at(flow, "current")) return {state, Tone::warn};
    return {state, state == "established" ? Tone::good : Tone::plain};
}

std::string seconds(const json::value& flow, const char* key) {
    return has(flow, key) ? duration_text(std::llround(real_at(flow, key))) : "";
}

Table table_of(const json::value& answer) {
    Table table({"PROTO", "SOURCE", "DESTINATION", "REWRITTEN", "DIR", "STATE", "DELIVER", "PACKETS", "BYTES", "IDLE",
                 "EXPIRES"});
    table.none_are("flows");
    for (const auto& flow : list_at(answer, "flows")) {
        if (!flow.is_object()) continue;
        const auto& object = flow.get_object();
        const auto peer = [&](const char* key) {
            return object.contains(key) ? peer_text(object.at(key)) : std::string{};
        };
        table.row({text_at(flow, "protocol"), peer("source"), peer("destination"), rewrite_text(flow),
                   text_at(flow, "direction"), state_of(flow), text_at(flow, "deliver"), text_at(flow, "packets"),
                   text_at(flow, "bytes"), seconds(flow, "idle_s"), seconds(flow, "expires_s")});
    }
    return table;
}

class FlowList : public Verb {
public:
    Spec spec() const override {
        return {
            "flow list", "the flow table: one decision a line",
            "Every connection has two entries, one a direction (DIR original or reply), each with all the datapath\n"
            "needs to handle its next packet: how it is rewritten, where it is delivered, when it expires. STATE is\n"
            "new, established, closing, denied, or stale: the next packet of a stale flow is decided anew.",
            "beeline flow list\n"
            "beeline flow list --addr 10.244.1.0/24 --port 80 --proto tcp\n"
            "beeline flow list --pod default/web-1 --state new\n"
            "beeline flow list --limit 20 -o json | jq '.flows[].state, .truncated'"};
    }
    void declare(Declare& declare) override {
        filter_.declare(declare);
        declare.number({"--limit", "NUMBER",
                        "At most so many entries, up to 100000; 1000 if not given. The table may hold millions: a "
                        "message, and `truncated` in JSON and YAML, tell when there are more."},
                       limit_);
    }
    Result<int> run(Context& c) override {
        auto query = filter_.query();
        if (limit_) query.emplace_back("limit", std::to_string(*limit_));
        const auto answer = TRY(c.agent().get(api::client::target({"v1", "flows"}, query)));
        c.show_table(answer, [&] { return table_of(answer); });
        if (c.format() == Format::table && bool_at(answer, "truncated"))
            c.err() << fmt::format(
                "beeline: only {} flows are shown, there are more: narrow it down by a filter, or raise --limit\n",
                list_at(answer, "flows").size());
        return exit_ok;
    }

private:
    FlowFilter filter_;
    std::optional<unsigned> limit_;
};

}  // namespace

std::unique_ptr<Verb> make_flow_list() {
    return std::make_unique<FlowList>();
}

}  // namespace beeline::cli
