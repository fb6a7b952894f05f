// beeline service list
#include <fmt/format.h>

#include <set>

#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

std::string ports_text(const json::value& service) {
    std::string out;
    for (const auto& port : list_at(service, "ports"))
        out += fmt::format("{}{}{}/{}", out.empty() ? "" : ",", text_at(port, "port"),
                           has(port, "node_port") ? ":" + text_at(port, "node_port") : "", text_at(port, "protocol"));
    return out;
}

Cell external_of(const json::value& service) {
    const auto balancer = joined_at(service, "load_balancer_ips"), fixed = joined_at(service, "external_ips");
    if (balancer.empty() && fixed.empty() && text_at(service, "type") == "LoadBalancer") return {"pending", Tone::warn};
    return balancer + (balancer.empty() || fixed.empty() ? "" : ", ") + fixed;
}

// Those new flows may choose; a backend of several frontends counts once.
std::size_t backends_of(const json::value& service) {
    std::set<std::string> backends;
    for (const auto& frontend : list_at(service, "frontends"))
        for (const auto& backend : list_at(frontend, "backends"))
            if (text_at(backend, "state") != "draining")
                backends.insert(text_at(backend, "addr") + " " + text_at(backend, "port"));
    return backends.size();
}

Cell state_of(const json::value& service) {
    if (bool_at(service, "foreign_proxy")) return {"served by others", Tone::faint};
    if (bool_at(service, "in_force"))
        return list_at(service, "limits").empty() ? Cell("in force", Tone::good) : Cell("in part", Tone::warn);
    return {has(service, "error") ? "failed" : "pending", Tone::bad};
}

class ServiceList : public Verb {
public:
    Spec spec() const override {
        return {"service list", "Services, their addresses and how many backends they have",
                "One line a Service. PORT(S) has the port, behind a colon the node port. BACKENDS counts the addresses "
                "and ports that new connections may be sent to; with\n"
                "0 a client is refused at once. A Service is in force in part when one of its ports cannot be served;\n"
                "`beeline service get` says why.",
                "beeline service list\n"
                "beeline service list -o json | jq -r '.[] | select(.frontends[].backends == []) | .name'"};
    }
    Result<int> run(Context& c) override {
        const auto answer = TRY(c.agent().get("/v1/services"));
        c.show_table(answer, [&] {
            Table table(
                {"NAMESPACE", "NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "BACKENDS", "STATE", "AGE"});
            table.none_are("services");
            for (const auto& service : list_of(answer)) {
                const auto backends = backends_of(service);
                const bool headless = bool_at(service, "headless");
                table.row({text_at(service, "namespace"),
                           text_at(service, "name"),
                           text_at(service, "type"),
                           headless ? "None" : joined_at(service, "cluster_ips"),
                           external_of(service),
                           ports_text(service),
                           {std::to_string(backends), backends == 0 && !headless ? Tone::warn : Tone::plain},
                           state_of(service),
                           age_text(c.now_ms(), number_at(service, "since_ms"))});
            }
            return table;
        });
        return exit_ok;
    }
};

}  // namespace

std::unique_ptr<Verb> make_service_list() {
    return std::make_unique<ServiceList>();
}

}  // namespace beeline::cli
