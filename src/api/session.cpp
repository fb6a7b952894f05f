#include "api/session.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace beeline::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds drain_time{2};

Method method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get:
            return Method::get;
        case http::verb::post:
            return Method::post;
        case http::verb::delete_:
            return Method::delete_;
        default:
            return Method::other;
    }
}

Response refusal(const error_code& error) {
    if (error == http::error::body_limit) return error_response(413, Errc::invalid, "the body is longer than 8 MiB");
    if (error == http::error::header_limit) return error_response(431, Errc::invalid, "the header is too long");
    return error_response(400, Errc::invalid, "not HTTP: " + error.message());
}

// States follow each other: read -> answer -> (read | end), or read -> stream -> end.
class HttpSession final : public Session, public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(asio::generic::stream_protocol::socket socket, const Router& router, const ServerOptions& options,
                std::shared_ptr<void> slot)
        : socket_(std::move(socket)),
          deadline_(socket_.get_executor()),
          router_(router),
          options_(options),
          slot_(std::move(slot)) {}

    void close() override {
        error_code ignored;
        deadline_.cancel();
        socket_.close(ignored);
        stream_.reset();
    }

    void read() {
        parser_.emplace();
        parser_->body_limit(options_.body_limit);
        parser_->header_limit(static_cast<std::uint32_t>(options_.header_limit));
        expect_within(options_.patience);
        http::async_read(socket_, buffer_, *parser_,
                         [self = shared_from_this()](error_code error, std::size_t) { self->on_read(error); });
    }

private:
    // The operation under way is given up when the time is over; its handler sees timed_out_.
    void expect_within(std::chrono::milliseconds time) {
        timed_out_ = false;
        deadline_.expires_after(time);
        deadline_.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (error || !self) return;
            // A timer that was set anew after it had fired must not cancel the next operation.
            if (self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
            self->timed_out_ = true;
            error_code ignored;
            self->socket_.cancel(ignored);
        });
    }

    void on_read(error_code error) {
        deadline_.cancel();
        if (timed_out_ && parser_->got_some())
            return answer_last(error_response(408, Errc::unavailable, "the request did not come to its end"));
        const bool client_gone = error == http::error::end_of_stream || error == asio::error::operation_aborted ||
                                 error.category() == asio::error::get_system_category();
        if (error && client_gone) return close();
        if (error) return answer_last(refusal(error));
        handle(parser_->release());
    }

    void handle(http::request<http::string_body> message) {
        keep_alive_ = message.keep_alive();
        version_ = message.version();
        auto request = parse_target(method_of(message.method()), {message.target().data(), message.target().size()});
        if (!request) return answer(error_response(request.error()));
        request->body = std::move(message.body());
        router_.handle(std::move(*request), [self = shared_from_this()](Response response) {
            if (response.stream)
                self->stream_out(std::move(response));
            else
                self->answer(std::move(response));
        });
    }

    void answer(Response response) {
        response_ = {static_cast<http::status>(response.status), version_};
        response_.set(http::field::content_type, response.type);
        if (!response.allow.empty()) response_.set(http::field::allow, response.allow);
        for (const auto& [name, value] : response.headers)
            response_.set(name, value);
        response_.body() = std::move(response.body);
        response_.keep_alive(keep_alive_);
        response_.prepare_payload();
        expect_within(options_.patience);
        http::async_write(socket_, response_, [self = shared_from_this()](error_code error, std::size_t) {
            self->deadline_.cancel();
            if (error) return self->close();
            self->keep_alive_ ? self->read() : self->drain();
        });
    }

    void answer_last(Response response) {
        keep_alive_ = false;
        answer(std::move(response));
    }

    // Closing while the client still writes would cost it the answer (ECONNRESET): read on for a while.
    void drain() {
        error_code ignored;
        socket_.shutdown(socket_.shutdown_send, ignored);
        expect_within(drain_time);
        drain_more();
    }
    void drain_more() {
        socket_.async_read_some(asio::buffer(scrap_), [self = shared_from_this()](error_code error, std::size_t) {
            if (error || self->deadline_.expiry() < std::chrono::steady_clock::now()) return self->close();
            self->drain_more();
        });
    }

    void stream_out(Response response) {
        if (version_ < 11) return answer(error_response(505, Errc::unsupported, "streams need HTTP/1.1"));
        stream_ = std::move(response.stream);
        head_.emplace(http::status::ok, version_);
        head_->set(http::field::content_type, response.type);
        head_->set(http::field::cache_control, "no-store");
        head_->chunked(true);
        serializer_.emplace(*head_);
        watch_for_end();
        stream_->start([weak = weak_from_this(), executor = socket_.get_executor()] {
            asio::post(executor, [weak] {
                const auto self = weak.lock();
                if (self && self->idle_) self->pump();
            });
        });
        expect_within(options_.patience);
        http::async_write_header(socket_, *serializer_, [self = shared_from_this()](error_code error, std::size_t) {
            error ? self->close() : self->pump();
        });
    }

    // A follower that hangs up shows as end of file.
    void watch_for_end() {
        socket_.async_read_some(asio::buffer(scrap_), [self = shared_from_this()](error_code error, std::size_t) {
            if (error)
                self->close();
            else
                self->watch_for_end();
        });
    }

    void pump() {
        if (!stream_) return;
        idle_ = false;
        out_ = stream_->take();
        if (out_.empty()) return wait_for_more();
        expect_within(options_.patience);
        asio::async_write(
            socket_, http::make_chunk(asio::buffer(out_)),
            [self = shared_from_this()](error_code error, std::size_t) { error ? self->close() : self->pump(); });
    }

    void wait_for_more() {
        idle_ = true;
        deadline_.expires_after(options_.keep_alive);
        deadline_.async_wait([weak = weak_from_this()](error_code error) {
            const auto self = weak.lock();
            if (error || !self || !self->idle_ || !self->stream_) return;
            self->send_keep_alive();
        });
    }
    void send_keep_alive() {
        idle_ = false;
        out_ = stream_->keep_alive();
        expect_within(options_.patience);
        asio::async_write(
            socket_, http::make_chunk(asio::buffer(out_)),
            [self = shared_from_this()](error_code error, std::size_t) { error ? self->close() : self->pump(); });
    }

    asio::generic::stream_protocol::socket socket_;
    asio::steady_timer deadline_;
    const Router& router_;
    const ServerOptions& options_;
    std::shared_ptr<void> slot_;
    boost::beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> response_;
    std::optional<http::response<http::empty_body>> head_;
    std::optional<http::response_serializer<http::empty_body>> serializer_;
    std::shared_ptr<Stream> stream_;
    std::string out_;
    std::array<char, 4096> scrap_;
    unsigned version_ = 11;
    bool keep_alive_ = false, timed_out_ = false, idle_ = false;
};

}  // namespace

std::shared_ptr<Session> start_session(asio::generic::stream_protocol::socket socket, const Router& router,
                                       const ServerOptions& options, std::shared_ptr<void> slot) {
    auto session = std::make_shared<HttpSession>(std::move(socket), router, options, std::move(slot));
    session->read();
    return session;
}

}  // namespace beeline::api
