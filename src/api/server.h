// HTTP/1.1 on the agent's event loop: on a Unix socket, or on a TCP port of the node.
#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "api/router.h"
#include "base/addr.h"
#include "base/types.h"

namespace boost::asio {
class io_context;
}

namespace beeline::api {

struct ServerOptions {
    std::string path{};  // of the Unix socket
    unsigned mode = 0660;
    // A client that takes longer to send a request or to take an answer (of a stream: a part of it) is let go, with a
    // 408 if it was in the middle of a request. While a handler works on its answer the clock stands.
    std::chrono::milliseconds patience{30'000};
    std::chrono::milliseconds keep_alive{15'000};  // of silent streams
    std::size_t body_limit = std::size_t{8} << 20;
    std::size_t header_limit = std::size_t{16} << 10;
    std::size_t connections = 256;  // more wait in the kernel's queue
    // Of TCP: is this address of the node, which a client has connected to, one to be answered at? Else the connection
    // is reset. Unset: each is.
    std::function<bool(const Addr&)> serves{};
};

struct TcpPlace {
    Addr addr{.family = Family::v6};
    Port port{};
    bool operator==(const TcpPlace&) const = default;
};

class Server {
public:
    // A socket nobody listens on any more is replaced. Errors: conflict (another process serves it), io.
    // Router and context must outlive the server; `stop` before either goes.
    static Result<std::unique_ptr<Server>> listen(boost::asio::io_context& context, const Router& router,
                                                  ServerOptions options);
    // On this address and port; :: is every address of both families. Errors: conflict (somebody listens there), io.
    static Result<std::unique_ptr<Server>> listen_tcp(boost::asio::io_context& context, const Router& router,
                                                      const TcpPlace& place, ServerOptions options);
    ~Server();  // closes everything, removes the socket

private:
    struct State;
    explicit Server(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace beeline::api
