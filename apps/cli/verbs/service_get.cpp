// beeline service get
#include <fmt/format.h>

#include <ostream>

#include "api/client/target.h"
#include "apps/cli/context.h"
#include "apps/cli/json_text.h"
#include "apps/cli/names.h"
#include "apps/cli/time_text.h"
#include "apps/cli/verbs.h"

namespace beeline::cli {
namespace {

namespace json = boost::json;

// A node port is one of every address.
std::string frontend_text(const json::value& frontend) {
    auto addr = text_at(frontend, "addr");
    if (addr == "0.0.0.0" || addr == "::") addr = addr == "::" ? "[*]" : "*";
    return fmt::format("{}/{}", addr_port(addr, number_at(frontend, "port")), text_at(frontend, "protocol"));
}

// The state, the share of new connections if not all have the same, and whose clients may choose the backend, if not
// all that the frontend serves.
Cell state_of(const json::value& backend) {
    const auto state = text_at(backend, "state"), scope = text_at(backend, "scope");
    const char* clients = scope == "inside"    ? ", for this node"
                          : scope == "outside" ? ", for clients from outside"
                                               : "";
    const auto weight = text_at(backend, "weight");
    return {state + (weight.empty() ? "" : ", weight " + weight) + clients,
            state == "active" ? Tone::good : Tone::warn};
}

Table backend_table(const json::value& service) {
    Table table({"FRONTEND", "PORT NAME", "BACKEND", "POD", "STATE"});
    table.none_are("frontends");
    for (const auto& frontend : list_at(service, "frontends")) {
        const auto address = frontend_text(frontend), port_name = text_at(frontend, "port_name");
        const auto& backends = list_at(frontend, "backends");
        if (backends.empty()) table.row({address, port_name, {"none: clients are refused", Tone::warn}});
        for (const auto& backend : backends)
            table.row({address, port_name, addr_port(text_at(backend, "addr"), number_at(backend, "port")),
                       text_at(backend, "pod"), state_of(backend)});
        if (bool_at(frontend, "elsewhere"))
            table.row({address, port_name, {"none for clients from outside: on other nodes only", Tone::warn}});
    }
    return table;
}

// What makes it more than a cluster address; what the agent does not say is left out.
void add_exposure(Details& details, const json::value& service) {
    details.add("External", joined_at(service, "external_ips"));
    details.add("Balancer", joined_at(service, "load_balancer_ips"));
    details.add("Clients", joined_at(service, "source_ranges"));
    const auto internal = text_at(service, "internal_traffic_policy");
    const auto external = text_at(service, "external_traffic_policy");
    details.add("Policies", (internal.empty() ? "" : "internal " + internal) +
                                (internal.empty() || external.empty() ? "" : ", ") +
                                (external.empty() ? "" : "external " + external));
    details.add("Prefers", text_at(service, "traffic_distribution"));
    details.add("Algorithm", text_at(service, "algorithm"));
    const auto seconds = text_at(service, "affinity_seconds");
    details.add("Affinity", seconds.empty() ? "" : "client address, for " + seconds + " s");
    details.add("Health", text_at(service, "health_check_node_port"));
}

void print(Context& c, const json::value& service) {
    const bool in_force = bool_at(service, "in_force");
    const auto file = text_at(service, "file");
    Details details;
    details.add("Service", text_at(service, "namespace") + "/" + text_at(service, "name"));
    details.add("Type", text_at(service, "type") + (bool_at(service, "headless") ? ", headless" : ""));
    details.add("Addresses", joined_at(service, "cluster_ips"));
    add_exposure(details, service);
    details.add("Selector", labels_at(service, "selector"));
    details.add("State", {in_force ? "in force" : "not in force", in_force ? Tone::good : Tone::bad});
    details.add("Error", {text_at(service, "error"), Tone::bad});
    if (has(service, "since_ms")) details.add("Since", age_text(c.now_ms(), number_at(service, "since_ms")));
    details.add("File", file.empty() ? "" : file + ":" + text_at(service, "line"));
    details.print(c.out(), c.color());
    c.out() << "\n";
    backend_table(service).print(c.out(), c.color());
    for (const auto& limit : list_at(service, "limits"))
        if (limit.is_string())
            c.out() << paint("not served: ", Tone::warn, c.color()) << limit.get_string().c_str() << "\n";
}

class ServiceGet : public Verb {
public:
    Spec spec() const override {
        return {
            "service get", "one Service with its frontends and backends",
            "Shows where connections to a Service may go. A backend is active (chosen by new connections),\n"
            "terminating (chosen only because no active one is left) or draining (it keeps what it has). `*` is every\n"
            "address of the node that answers on node ports. Exits with 1 if there is no such Service.",
            "beeline service get demo/web\n"
            "beeline service get kubernetes -o yaml    # in the namespace default"};
    }
    void declare(Declare& declare) override {
        declare.text({"service", "SERVICE", "namespace/name; without a namespace: default.", true}, word_);
    }
    Result<int> run(Context& c) override {
        const auto name = object_name(word_);
        if (!name) return c.usage(name.error().what);
        const auto service = TRY(c.agent().get(api::client::target({"v1", "services", name->ns, name->name})));
        c.show(service, [&] { print(c, service); });
        return exit_ok;
    }

private:
    std::string word_;
};

}  // namespace

std::unique_ptr<Verb> make_service_get() {
    return std::make_unique<ServiceGet>();
}

}  // namespace beeline::cli
