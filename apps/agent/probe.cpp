#include "apps/agent/probe.h"

#include <fmt/format.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "api/tcp_address.h"

namespace beeline::agent {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using beast::error_code;
using model::Probe;

constexpr std::uint32_t header_limit = 64 << 10;

Addr target_of(const Question& question) {
    if (question.probe.host.empty()) return question.pod;
    return parse_addr(question.probe.host).value_or(question.pod);  // what is no address is not asked
}

std::string place_text(const Question& question) {
    const Addr addr = target_of(question);
    return fmt::format("{}{}{}:{}", addr.v4() ? "" : "[", to_string(addr), addr.v4() ? "" : "]",
                       question.probe.port.value);
}

http::request<http::empty_body> request_of(const Question& question) {
    http::request<http::empty_body> request(http::verb::get, question.probe.path, 11);
    request.set(http::field::connection, "close");
    for (const auto& [name, value] : question.probe.headers)
        request.insert(name, value);
    const auto unless_given = [&](http::field name, const std::string& value) {
        if (request.find(name) == request.end()) request.set(name, value);
    };
    unless_given(http::field::host, place_text(question));
    unless_given(http::field::user_agent, "beeline-probe");
    unless_given(http::field::accept, "*/*");
    return request;
}

// The socket is closed with the last handler that holds this.
class Asking : public std::enable_shared_from_this<Asking> {
public:
    Asking(asio::io_context& io, const Question& question, std::function<void(std::string)> done)
        : stream_(io), question_(question), done_(std::move(done)) {
        answer_.header_limit(header_limit);
        answer_.body_limit(boost::none);  // only the header is read
    }
    void begin() {
        stream_.expires_after(question_.patience);
        const asio::ip::tcp::endpoint place(api::tcp_address(target_of(question_)), question_.probe.port.value);
        stream_.async_connect(place, [self = shared_from_this()](error_code error) {
            if (error || self->question_.probe.kind == Probe::Kind::tcp) return self->end(error);
            self->send();
        });
    }
    void cancel() { stream_.cancel(); }

private:
    void send() {
        http::async_write(stream_, request_, [self = shared_from_this()](error_code error, std::size_t) {
            if (error) return self->end(error);
            self->receive();
        });
    }
    void receive() {
        http::async_read_header(stream_, buffer_, answer_,
                                [self = shared_from_this()](error_code error, std::size_t) { self->end(error); });
    }
    void end(error_code error) {
        if (error == beast::error::timeout) return done_(fmt::format("no answer within {} s", question_.probe.timeout));
        if (error) return done_(error.message());
        const int status = question_.probe.kind == Probe::Kind::tcp ? 200 : answer_.get().result_int();
        done_(status >= 200 && status < 400 ? "" : fmt::format("status {}", status));
    }

    beast::tcp_stream stream_;
    const Question question_;
    std::function<void(std::string)> done_;
    http::request<http::empty_body> request_ = request_of(question_);
    http::response_parser<http::empty_body> answer_;
    beast::flat_buffer buffer_;
};

}  // namespace

std::string to_string(const Question& question) {
    const bool tcp = question.probe.kind == Probe::Kind::tcp;
    return fmt::format("{} {}{}", tcp ? "tcp" : "http", place_text(question), tcp ? "" : question.probe.path);
}

std::string not_asked(const Probe& probe) {
    if (probe.kind == Probe::Kind::https) return "asks by HTTPS";
    if (!probe.host.empty() && !parse_addr(probe.host)) return "asks a host by its name";
    return "";
}

std::function<void()> ask(asio::io_context& io, const Question& question, std::function<void(std::string)> done) {
    const auto asking = std::make_shared<Asking>(io, question, std::move(done));
    asking->begin();
    return [weak = std::weak_ptr(asking)] {
        if (const auto still = weak.lock()) still->cancel();
    };
}

}  // namespace beeline::agent
