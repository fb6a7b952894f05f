#include "api/server.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "api/session.h"
#include "api/tcp_address.h"

namespace beeline::api {
namespace {

namespace asio = boost::asio;
using LocalProtocol = asio::local::stream_protocol;
using Protocol = asio::generic::stream_protocol;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using boost::system::error_code;

// Makes room for the socket: a file left behind by a process that is gone is removed.
Result<> clear(asio::io_context& context, const std::string& path) {
    struct stat info{};
    if (lstat(path.c_str(), &info) != 0) return {};
    if (!S_ISSOCK(info.st_mode)) return fail(Errc::conflict, fmt::format("{}: exists and is not a socket", path));
    LocalProtocol::socket probe(context);
    error_code error;
    probe.connect(path, error);
    if (!error) return fail(Errc::conflict, fmt::format("{}: another process serves this socket", path));
    if (unlink(path.c_str()) != 0 && errno != ENOENT)
        return fail(Errc::io, fmt::format("{}: cannot remove the stale socket: {}", path, strerror(errno)), errno);
    return {};
}

Result<> open_local(Acceptor& acceptor, const ServerOptions& options) {
    const auto refuse = [&](const char* what, const error_code& error) {
        return fail(Errc::io, fmt::format("{}: cannot {}: {}", options.path, what, error.message()), error.value());
    };
    if (options.path.empty() || options.path.size() >= sizeof(sockaddr_un::sun_path))
        return fail(Errc::invalid, fmt::format("{}: a socket's path has 1-107 bytes", options.path));
    error_code error;
    acceptor.open(LocalProtocol(), error);
    if (error) return refuse("make a socket", error);
    // The mode must hold from the first moment, before chmod could.
    const mode_t old = umask(0777 & ~options.mode);
    acceptor.bind(LocalProtocol::endpoint(options.path), error);
    umask(old);
    if (error) return refuse("bind", error);
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return refuse("listen", error);
    return {};
}

Result<> open_tcp(Acceptor& acceptor, const asio::ip::tcp::endpoint& endpoint) {
    const auto refuse = [&](const char* what, const error_code& error) {
        const bool taken = error == asio::error::address_in_use;
        return fail(
            taken ? Errc::conflict : Errc::io,
            fmt::format("{}:{}: cannot {}: {}", endpoint.address().to_string(), endpoint.port(), what, error.message()),
            error.value());
    };
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (error) return refuse("make a socket", error);
    acceptor.set_option(asio::socket_base::reuse_address(true), error);
    if (!error && endpoint.address().is_v6()) acceptor.set_option(asio::ip::v6_only(false), error);
    if (!error) acceptor.bind(endpoint, error);
    if (error) return refuse("bind", error);
    acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error) return refuse("listen", error);
    return {};
}

}  // namespace

struct Server::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, const Router& r, ServerOptions o)
        : acceptor(context), pause(context), router(r), options(std::move(o)) {}

    void accept() {
        accepting = true;
        acceptor.async_accept([self = shared_from_this()](error_code error, Protocol::socket socket) {
            self->accepting = false;
            if (self->stopped) return;
            if (error) return self->accept_later();
            if (self->is_served(socket)) self->serve(std::move(socket));
            self->accept_if_room();
        });
    }
    // If not, it is reset when it goes out of scope.
    bool is_served(Protocol::socket& socket) const {
        error_code error;
        const auto end = socket.local_endpoint(error);
        if (!error && (!options.serves || options.serves(plain_address(end)))) return true;
        socket.set_option(asio::socket_base::linger(true, 0), error);
        return false;
    }
    void serve(Protocol::socket socket) {
        open_sessions++;
        std::shared_ptr<void> slot(nullptr, [weak = weak_from_this()](void*) {
            const auto self = weak.lock();
            if (!self) return;
            self->open_sessions--;
            self->accept_if_room();
        });
        std::erase_if(sessions, [](const auto& session) { return session.expired(); });
        sessions.push_back(start_session(std::move(socket), router, options, std::move(slot)));
    }
    void accept_if_room() {
        if (!stopped && !accepting && open_sessions < options.connections) accept();
    }
    // No descriptors left, for example: try again shortly instead of spinning.
    void accept_later() {
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait([self = shared_from_this()](error_code error) {
            if (!error) self->accept_if_room();
        });
    }
    void stop() {
        stopped = true;
        error_code ignored;
        acceptor.close(ignored);
        pause.cancel();
        for (const auto& weak : sessions)
            if (const auto session = weak.lock()) session->close();
        if (!options.path.empty()) unlink(options.path.c_str());
    }

    Acceptor acceptor;
    asio::steady_timer pause;
    const Router& router;
    const ServerOptions options;
    std::vector<std::weak_ptr<Session>> sessions;
    std::size_t open_sessions = 0;
    bool accepting = false, stopped = false;
};

Server::Server(std::shared_ptr<State> state) : state_(std::move(state)) {}
Server::~Server() {
    state_->stop();
}

Result<std::unique_ptr<Server>> Server::listen(asio::io_context& context, const Router& router, ServerOptions options) {
    CHECK(clear(context, options.path));
    auto state = std::make_shared<State>(context, router, std::move(options));
    CHECK(open_local(state->acceptor, state->options));
    state->accept();
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

Result<std::unique_ptr<Server>> Server::listen_tcp(asio::io_context& context, const Router& router,
                                                   const TcpPlace& place, ServerOptions options) {
    options.path.clear();
    auto state = std::make_shared<State>(context, router, std::move(options));
    CHECK(open_tcp(state->acceptor, {tcp_address(place.addr), place.port.value}));
    state->accept();
    return std::unique_ptr<Server>(new Server(std::move(state)));
}

}  // namespace beeline::api
