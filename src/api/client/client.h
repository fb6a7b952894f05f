// The way to the agent: HTTP and JSON over its Unix socket, one connection a request, blocking.
#pragma once
#include <boost/json/value.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace beeline::api::client {

inline constexpr const char* default_socket = "/var/run/beeline/beeline.sock";

struct ClientOptions {
    std::string socket = default_socket;
    // For the whole of a request; of a stream, only until it begins.
    std::chrono::milliseconds timeout{10'000};
};

// One record of a stream of server-sent events. `event` is empty for those without a name.
struct StreamEvent {
    std::string event;
    boost::json::value data;
};

// What went wrong on the way to the agent has `sys` set (ENOENT, ECONNREFUSED: it does not run; EACCES; ETIMEDOUT;
// EPROTO: something else than the agent answers there), and Errc::io or Errc::unavailable. What the agent answered
// has its own code, message and detail, and `sys` 0.
bool is_transport(const Error& error);

class Client {
public:
    explicit Client(ClientOptions options) : options_(std::move(options)) {}

    // `target` is a path with its query, as target() makes it. An answer without a body is null.
    Result<boost::json::value> get(std::string_view target) const;
    Result<boost::json::value> post(std::string_view target, const boost::json::value& body) const;
    Result<boost::json::value> del(std::string_view target) const;

    // Calls `each` with every event until it returns false or the agent ends the stream; both are no errors.
    Result<> stream(std::string_view target, const std::function<bool(const StreamEvent&)>& each) const;

    const std::string& socket() const { return options_.socket; }

private:
    ClientOptions options_;
};

}  // namespace beeline::api::client
