// A stand-in for the agent in tests: answers scripted requests on a Unix socket of its own, in a thread. Plain
// sockets, so that the client under test does not meet its own library on the other side.
#pragma once
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace beeline::api::client::testing {

struct Reply {
    unsigned status = 200;
    std::string body{};
    // Sent as they are, one after the other, instead of status and body.
    std::vector<std::string> raw{};
    bool silent = false;  // never answers; the connection stays open
};

class FakeAgent {
public:
    FakeAgent() {
        char pattern[] = "/tmp/beeline-fake-XXXXXX";
        folder_ = mkdtemp(pattern);
        socket_ = folder_ + "/agent.sock";
        listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        socket_.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
        if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) std::abort();
        if (::listen(listener_, 8) != 0) std::abort();
        thread_ = std::thread([this] { serve(); });
    }
    ~FakeAgent() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
        for (const int fd : held_)
            ::close(fd);
        ::unlink(socket_.c_str());
        ::rmdir(folder_.c_str());
    }
    FakeAgent(const FakeAgent&) = delete;
    FakeAgent& operator=(const FakeAgent&) = delete;

    const std::string& socket() const { return socket_; }

    // "GET /v1/status" -> reply. Anything else is answered 404 not_found.
    void on(const std::string& request, Reply reply) {
        const std::lock_guard lock(mutex_);
        replies_[request] = std::move(reply);
    }
    void on(const std::string& request, const std::string& body) { on(request, Reply{.body = body}); }

    // What was asked so far: "POST /v1/endpoints {…body…}".
    std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

private:
    void serve() {
        for (int fd = ::accept(listener_, nullptr, nullptr); fd >= 0; fd = ::accept(listener_, nullptr, nullptr)) {
            const auto reply = handle(fd);
            for (const auto& piece : reply.raw)
                write_all(fd, piece);
            if (reply.silent)
                held_.push_back(fd);
            else
                ::close(fd);
        }
    }

    Reply handle(int fd) {
        std::string text = read_until(fd, {}, "\r\n\r\n");
        const auto head = text.find("\r\n\r\n");
        const auto length = text.find("Content-Length: ");
        std::size_t body = 0;
        if (length < head) body = std::strtoul(text.c_str() + length + 16, nullptr, 10);
        while (text.size() < head + 4 + body && read_some(fd, text)) {
        }
        const auto line = text.substr(0, text.find(" HTTP/1.1"));
        const std::lock_guard lock(mutex_);
        requests_.push_back(body == 0 ? line : line + " " + text.substr(head + 4));
        const auto found = replies_.find(line);
        auto reply = found != replies_.end()
                         ? found->second
                         : Reply{404, R"({"error":{"code":"not_found","message":"nothing at )" + line + "\"}}", {}};
        if (reply.raw.empty() && !reply.silent) reply.raw = {http(reply)};
        return reply;
    }

    static std::string http(const Reply& reply) {
        return "HTTP/1.1 " + std::to_string(reply.status) +
               " X\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(reply.body.size()) +
               "\r\n\r\n" + reply.body;
    }

    static bool read_some(int fd, std::string& text) {
        char buffer[4096];
        const auto n = ::read(fd, static_cast<char*>(buffer), sizeof(buffer));
        if (n > 0) text.append(static_cast<const char*>(buffer), static_cast<std::size_t>(n));
        return n > 0;
    }
    static std::string read_until(int fd, std::string text, const char* end) {
        while (text.find(end) == std::string::npos && read_some(fd, text)) {
        }
        return text;
    }
    static void write_all(int fd, const std::string& text) {
        std::size_t sent = 0;
        while (sent < text.size()) {
            const auto n = ::send(fd, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (n <= 0) return;
            sent += static_cast<std::size_t>(n);
        }
    }

    std::string folder_, socket_;
    int listener_ = -1;
    std::vector<int> held_;
    mutable std::mutex mutex_;
    std::map<std::string, Reply> replies_;
    std::vector<std::string> requests_;
    std::thread thread_;
};

}  // namespace beeline::api::client::testing
