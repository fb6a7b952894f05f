// Requests and answers without a transport, so that every resource is tested without a socket.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace beeline::api {

enum class Method : std::uint8_t { get, post, delete_, other };

struct Request {
    Method method = Method::get;
    std::string path;                          // decoded, without the query
    std::map<std::string, std::string> query;  // decoded
    std::string body;
    std::map<std::string, std::string> captures{};  // filled in by the router: {id} -> "7"
};

// Splits and decodes a request target ("/v1/flows?port=80"). Errors: invalid (syntax, a parameter given twice).
Result<Request> parse_target(Method method, std::string_view target);

// A body without end. The server takes until it gets nothing, then waits for `ready`.
class Stream {
public:
    virtual ~Stream() = default;
    // What there is now; empty: nothing.
    virtual std::string take() = 0;
    // Sent when nothing else was for a while.
    virtual std::string keep_alive() = 0;
    // `ready` may be called from any thread, any number of times, also after the stream is gone.
    virtual void start(std::function<void()> ready) = 0;
};

struct Response {
    int status = 200;
    std::string body{};
    std::string type = "application/json";
    std::string allow{};                                         // Allow header of a 405
    std::vector<std::pair<std::string, std::string>> headers{};  // others
    std::shared_ptr<Stream> stream{};                            // then body is empty
};
using Reply = std::function<void(Response)>;

// {"error": {"code", "message", "detail"}} with the status that fits the code.
Response error_response(const Error& error);
Response error_response(int status, Errc code, std::string_view message);

}  // namespace beeline::api
