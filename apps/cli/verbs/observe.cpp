// beeline observe
#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <ostream>

#include "api/client/target.h"
#include "apps/cli/context.h"
#include "apps/cli/flow_text.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

class Observe : public Verb {
public:
    Spec spec() const override {
        return {
            "observe", "what the datapath decided, and why",
            "One line for each flow that was decided and each drop: time, who sent to whom, the verdict, the rule or\n"
            "reason behind it, and the Service if one was used. Drops of one reason in quick succession are summed\n"
            "up: (+12 not shown).\n\n"
            "Without --follow the last records are printed, oldest first. With --follow new ones are printed as\n"
            "they come, until interrupted; then -o json prints one object a line and -o yaml one document each.",
            "beeline observe --last 20\n"
            "beeline observe --follow --verdict dropped\n"
            "beeline observe --pod demo/web-1 --port 8080\n"
            "beeline observe -f -o json | jq -r .reason"};
    }
    void declare(Declare& declare) override {
        declare.flag({"-f,--follow", "", "Go on with new records until interrupted."}, follow_);
        declare.number({"--last", "NUMBER", "So many of the records remembered; 100, with --follow 0, if not given."},
                       last_);
        declare.text({"--verdict", "forwarded|dropped", "Only flows with this verdict."}, verdict_);
        declare.text({"--pod", "POD", "Only flows of this pod (namespace/name), on either side."}, pod_);
        declare.number({"--port", "PORT", "Only flows with this port on either side, or to this port of a Service."},
                       port_);
    }
    Result<int> run(Context& c) override {
        auto query = make_query();
        if (!query) return c.usage("--pod: " + query.error().what);
        if (follow_) return follow(c, api::client::target({"v1", "observe"}, *query));
        const auto answer = TRY(c.agent().get(api::client::target({"v1", "observe"}, *query)));
        c.show(answer, [&] { print(c, list_of(answer)); });
        return exit_ok;
    }

private:
    Result<api::client::Query> make_query() const {
        std::string pod;
        if (!pod_.empty()) {
            const auto name = TRY(object_name(pod_));
            pod = name.ns + "/" + name.name;
        }
        return api::client::Query{{"follow", follow_ ? "true" : ""},
                                  {"last", last_ ? std::to_string(*last_) : ""},
                                  {"verdict", verdict_},
                                  {"pod", pod},
                                  {"port", port_ ? std::to_string(*port_) : ""}};
    }

    static void print(Context& c, const json::array& records) {
        FlowLines lines;
        for (const auto& record : records)
            lines.fit(record);
        for (const auto& record : records)
            c.out() << lines.line(record, c.color()) << "\n";
    }

    static Result<int> follow(Context& c, const std::string& target) {
        FlowLines lines;
        const auto show = [&](const json::value& record) {
            if (c.format() == Format::json)
                c.out() << json::serialize(record) << "\n";
            else if (c.format() == Format::yaml)
                c.out() << "---\n" << to_yaml_text(record);
            else
                c.out() << lines.line(record, c.color()) << "\n";
            c.out().flush();
        };
        bool stopped = false;
        CHECK(c.agent().stream(target, [&](const api::client::StreamEvent& event) {
            if (event.event == "lost")
                c.err() << "beeline: " << number_at(event.data, "lost") << " records left out: too slow a reader\n";
            else
                show(event.data);
            stopped = !c.out().good();
            return !stopped;
        }));
        return stopped ? exit_ok : c.usage("the agent ended the stream");
    }

    bool follow_ = false;
    std::optional<unsigned> last_, port_;
    std::string verdict_, pod_;
};

}  // namespace

std::unique_ptr<Verb> make_observe() {
    return std::make_unique<Observe>();
}

}  // namespace beeline::cli
