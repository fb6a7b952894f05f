// What load balancers ask of a node over HTTP, as they ask kube-proxy: is it well (/healthz, /livez), and has it
// backends of a Service (spec.healthCheckNodePort)?
#pragma once
#include <map>
#include <optional>

#include "api/context.h"
#include "api/server.h"

namespace beeline::api {

class Health {
public:
    struct Setup {
        boost::asio::io_context& io;
        const Context& context;
        std::optional<TcpPlace> place{};  // of /healthz and /livez; none: nobody answers them
        std::int64_t patience_ms = 0;     // so long the datapath may be behind before it counts as not well
    };
    explicit Health(Setup setup);

    // After every change: opens and closes ports by the plan, and remembers since when the datapath is behind. What
    // cannot be opened is tried again by the next call. What is wrong now, one line a port.
    std::vector<std::string> update(const plan::Status& status);

    // The answers, without a port.
    Router node_router();
    Router service_router(Port port);

private:
    bool well() const;  // as wanted, or not so for long
    Response node_answer(bool ask_eligible) const;
    Result<Response> service_answer(Port port) const;

    struct Served {
        Router router{};
        std::unique_ptr<Server> server{};
    };
    std::optional<std::string> open(Served& served, const TcpPlace& place, ServerOptions options);

    Setup setup_;
    Served node_{};
    std::map<Port, Served> services_{};
    std::int64_t since_ms_ = 0;                      // Unix time of the last plan in force
    std::optional<std::int64_t> behind_since_ms_{};  // a newer one is not
};

}  // namespace beeline::api
