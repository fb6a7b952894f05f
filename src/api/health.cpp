#include "api/health.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "api/json.h"
#include "base/time.h"
#include "plan/node_ports.h"

namespace beeline::api {
namespace {

constexpr int unavailable = 503;

// RFC 3339, UTC.
std::string time_text(std::int64_t unix_ms) {
    const std::chrono::sys_time<std::chrono::milliseconds> time{std::chrono::milliseconds(unix_ms)};
    return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", time);
}

// Probes are short and many: whoever dawdles is let go.
ServerOptions probe_options() {
    ServerOptions options;
    options.patience = std::chrono::seconds(5);
    options.body_limit = 1024;
    options.header_limit = 4096;
    options.connections = 64;
    return options;
}

}  // namespace

Health::Health(Setup setup) : setup_(setup) {
    node_.router = node_router();
}

bool Health::well() const {
    return !behind_since_ms_ || unix_ms() - *behind_since_ms_ < setup_.patience_ms;
}

// Fields as kube-proxy has them. The times are RFC 3339.
Response Health::node_answer(bool ask_eligible) const {
    const std::int64_t now = unix_ms();
    const bool eligible = !setup_.context.plan()->leaving;
    json::object body{{"lastUpdated", time_text(behind_since_ms_ ? since_ms_ : now)}, {"currentTime", time_text(now)}};
    if (ask_eligible) body["nodeEligible"] = eligible;
    Response response = json_response(body);
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    if (!well() || (ask_eligible && !eligible)) response.status = unavailable;
    return response;
}

Router Health::node_router() {
    Router router;
    router.add_sync(Method::get, "/healthz", [this](const Request&) -> Result<Response> { return node_answer(true); });
    router.add_sync(Method::get, "/livez", [this](const Request&) -> Result<Response> { return node_answer(false); });
    return router;
}

Result<Response> Health::service_answer(Port port) const {
    const auto plan = setup_.context.plan();
    const auto check = plan->health_checks.find(port);
    if (check == plan->health_checks.end()) return fail(Errc::not_found, "no Service has this healthCheckNodePort");
    const auto& [ns, name, local] = check->second;
    Response response = json_response(json::object{
        {"service", {{"namespace", ns}, {"name", name}}}, {"localEndpoints", local}, {"serviceProxyHealthy", well()}});
    response.headers.emplace_back("X-Content-Type-Options", "nosniff");
    response.headers.emplace_back("X-Load-Balancing-Endpoint-Weight", std::to_string(local));
    if (local == 0 || !well()) response.status = unavailable;
    return response;
}

// Whatever the path is: load balancers may be told any.
Router Health::service_router(Port port) {
    Router router;
    router.add_rest([this, port](const Request&) { return service_answer(port); });
    return router;
}

std::optional<std::string> Health::open(Served& served, const TcpPlace& place, ServerOptions options) {
    if (served.server) return std::nullopt;
    auto server = Server::listen_tcp(setup_.io, served.router, place, std::move(options));
    if (!server) return server.error().what;
    served.server = std::move(*server);
    return std::nullopt;
}

std::vector<std::string> Health::update(const plan::Status& status) {
    since_ms_ = status.since_ms;
    if (status.in_force == status.wanted)
        behind_since_ms_.reset();
    else if (!behind_since_ms_)
        behind_since_ms_ = unix_ms();
    const auto plan = setup_.context.plan();
    std::vector<std::string> problems;
    if (setup_.place)
        if (auto problem = open(node_, *setup_.place, probe_options())) problems.push_back("health: " + *problem);
    std::erase_if(services_, [&](const auto& served) { return !plan->health_checks.contains(served.first); });
    auto options = probe_options();
    // Whoever may not ask for a node port there may not ask for its health.
    options.serves = [this](const Addr& addr) {
        return plan::has_node_ports(setup_.context.plan()->node.node_port_addresses, addr);
    };
    for (const auto& [port, check] : plan->health_checks) {
        const auto [served, fresh] = services_.try_emplace(port);
        if (fresh) served->second.router = service_router(port);
        if (auto problem = open(served->second, TcpPlace{.port = port}, options))
            problems.push_back(fmt::format("healthCheckNodePort of Service {}/{}: {}", check.ns, check.name, *problem));
    }
    return problems;
}

}  // namespace beeline::api
