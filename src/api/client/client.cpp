#include "api/client/client.h"

#include <fmt/format.h>
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "api/client/events.h"

namespace beeline::api::client {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using boost::system::error_code;
using Local = asio::local::stream_protocol;
using Parser = http::response_parser<http::string_body>;

struct Call {
    http::verb verb = http::verb::get;
    std::string_view target;
    std::string body{};
};

std::string words(const Call& call) {
    const auto verb = http::to_string(call.verb);
    return fmt::format("{} {}", std::string_view(verb.data(), verb.size()), call.target);
}

// No place in Errc says "on the way": the errno does, and it is never 0 here.
Error transport(std::string what, int sys) {
    return {sys == ENOENT || sys == ECONNREFUSED || sys == ETIMEDOUT ? Errc::unavailable : Errc::io,
            std::move(what),
            sys,
            {}};
}

Error connect_error(const std::string& socket, const error_code& ec) {
    const char* other = "Name another socket with --socket or BEELINE_SOCKET";
    switch (ec.value()) {
        case ENOENT:
            return transport(
                fmt::format("no agent at {}: the socket does not exist. Start beelined. {}", socket, other), ENOENT);
        case ECONNREFUSED:
            return transport(
                fmt::format("no agent at {}: nobody listens there any more. Start beelined. {}", socket, other),
                ECONNREFUSED);
        case EACCES:
        case EPERM:
            return transport(fmt::format("not allowed to open {}: run as root, or as a member of its group", socket),
                             EACCES);
        default:
            return transport(fmt::format("cannot connect to {}: {}. {}", socket, ec.message(), other),
                             ec.value() == 0 ? EIO : ec.value());
    }
}

Errc code_of(std::string_view name) {
    for (int code = 0; code <= static_cast<int>(Errc::unavailable); ++code)
        if (name == errc_name(static_cast<Errc>(code))) return static_cast<Errc>(code);
    return Errc::io;
}

// The agent's {"error": {"code", "message", "detail"}}.
Error answer_error(unsigned status, const json::value& body) {
    error_code ec;
    const auto text = [&](const char* pointer) -> std::string {
        const auto* found = body.find_pointer(pointer, ec);
        return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string{};
    };
    Error error{code_of(text("/error/code")), text("/error/message"), 0, text("/error/detail")};
    if (error.what.empty()) error.what = fmt::format("the agent answered with status {} and no reason", status);
    return error;
}

// One request and its answer. The socket operations are asynchronous because only those can time out.
class Exchange {
public:
    explicit Exchange(const ClientOptions& options) : options_(options), stream_(context_) {}

    Result<> connect() {
        if (options_.socket.size() >= sizeof(sockaddr_un::sun_path))
            return std::unexpected(
                transport(fmt::format("the path of the socket is too long: {}", options_.socket), ENAMETOOLONG));
        if (const auto ec = wait([&](auto done) { stream_.async_connect(Local::endpoint(options_.socket), done); }))
            return std::unexpected(ec == beast::error::timeout ? late("take the connection")
                                                               : connect_error(options_.socket, ec));
        return {};
    }

    Result<> send(const Call& call) {
        http::request<http::string_body> request{call.verb, boost::string_view(call.target.data(), call.target.size()),
                                                 11};
        request.set(http::field::host, "beeline");
        request.set(http::field::accept, "application/json, text/event-stream");
        if (!call.body.empty()) request.set(http::field::content_type, "application/json");
        request.body() = call.body;
        request.prepare_payload();
        // An agent that refuses the request early closes before it has read everything: its answer still counts.
        const auto ec = wait([&](auto done) { http::async_write(stream_, request, drop_size(done)); });
        if (ec && ec != asio::error::broken_pipe) return lost(words(call), ec);
        return {};
    }

    // Returns once the header is there.
    Result<> receive_header(const Call& call, Parser& parser) {
        parser.body_limit(boost::none);
        const auto ec = wait([&](auto done) { http::async_read_header(stream_, buffer_, parser, drop_size(done)); });
        if (ec) return lost(words(call), ec);
        return {};
    }

    Result<> receive_body(const Call& call, Parser& parser) {
        if (parser.is_done()) return {};
        const auto ec = wait([&](auto done) { http::async_read(stream_, buffer_, parser, drop_size(done)); });
        if (ec) return lost(words(call), ec);
        return {};
    }

    // Some more of an endless body, without a time limit. False: the agent ended it.
    Result<bool> receive_some(const Call& call, Parser& parser) {
        if (parser.is_done()) return false;
        limited_ = false;
        const auto ec = wait([&](auto done) { http::async_read_some(stream_, buffer_, parser, drop_size(done)); });
        if (ec == http::error::end_of_stream || ec == http::error::partial_message) return false;
        if (ec) return std::unexpected(lost(words(call), ec).error());
        return true;
    }

private:
    // Runs one operation to its end; `start` gets the completion handler.
    template <class Start>
    error_code wait(Start start) {
        error_code result = asio::error::would_block;
        if (limited_)
            stream_.expires_after(options_.timeout);
        else
            stream_.expires_never();
        start([&result](error_code ec) { result = ec; });
        context_.restart();
        context_.run();
        return result;
    }

    template <class Done>
    static auto drop_size(Done done) {
        return [done](error_code ec, std::size_t) mutable { done(ec); };
    }

    Error late(std::string_view what) const {
        return transport(fmt::format("the agent at {} did not {} within {:.3g} s", options_.socket, what,
                                     std::chrono::duration<double>(options_.timeout).count()),
                         ETIMEDOUT);
    }

    std::unexpected<Error> lost(const std::string& what, const error_code& ec) const {
        if (ec == beast::error::timeout) return std::unexpected(late("answer " + what));
        if (ec == http::error::end_of_stream || ec == http::error::partial_message ||
            ec == asio::error::connection_reset)
            return std::unexpected(transport(
                fmt::format("the agent at {} closed the connection during {}", options_.socket, what), ECONNRESET));
        return std::unexpected(transport(
            fmt::format("{}: what answers at {} is not the agent: {}", what, options_.socket, ec.message()), EPROTO));
    }

    const ClientOptions& options_;
    asio::io_context context_{1};
    beast::basic_stream<Local> stream_;
    beast::flat_buffer buffer_;
    bool limited_ = true;
};

Result<json::value> value_of(const Call& call, Parser& parser) {
    const auto& body = parser.get().body();
    error_code ec;
    json::value value = body.empty() ? json::value{} : json::parse(body, ec);
    const unsigned status = parser.get().result_int();
    if (status >= 300) return std::unexpected(answer_error(status, ec ? json::value{} : value));
    if (ec)
        return std::unexpected(
            transport(fmt::format("{}: the answer is not JSON: {}", words(call), ec.message()), EPROTO));
    return value;
}

Result<json::value> request(const ClientOptions& options, const Call& call) {
    Exchange exchange(options);
    Parser parser;
    CHECK(exchange.connect());
    CHECK(exchange.send(call));
    CHECK(exchange.receive_header(call, parser));
    CHECK(exchange.receive_body(call, parser));
    return value_of(call, parser);
}

// Hands over what has come so far; false: the callback has enough.
Result<bool> deliver(std::string_view bytes, EventDecoder& decoder,
                     const std::function<bool(const StreamEvent&)>& each) {
    for (auto& [event, data] : decoder.feed(bytes)) {
        error_code ec;
        auto value = json::parse(data, ec);
        if (ec)
            return std::unexpected(
                transport(fmt::format("an event of the stream is not JSON: {}", ec.message()), EPROTO));
        if (!each({std::move(event), std::move(value)})) return false;
    }
    return true;
}

}  // namespace

bool is_transport(const Error& error) {
    return error.sys != 0;
}

Result<json::value> Client::get(std::string_view target) const {
    return request(options_, {.verb = http::verb::get, .target = target});
}

Result<json::value> Client::post(std::string_view target, const json::value& body) const {
    return request(options_, {.verb = http::verb::post, .target = target, .body = json::serialize(body)});
}

Result<json::value> Client::del(std::string_view target) const {
    return request(options_, {.verb = http::verb::delete_, .target = target});
}

Result<> Client::stream(std::string_view target, const std::function<bool(const StreamEvent&)>& each) const {
    const Call call{.verb = http::verb::get, .target = target};
    Exchange exchange(options_);
    Parser parser;
    CHECK(exchange.connect());
    CHECK(exchange.send(call));
    CHECK(exchange.receive_header(call, parser));
    if (parser.get().result_int() != 200) {
        CHECK(exchange.receive_body(call, parser));
        CHECK(value_of(call, parser));
    }
    EventDecoder decoder;
    while (TRY(exchange.receive_some(call, parser))) {
        const bool more = TRY(deliver(parser.get().body(), decoder, each));
        parser.get().body().clear();
        if (!more) break;
    }
    return {};
}

}  // namespace beeline::api::client
