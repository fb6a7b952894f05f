// Both ends of what sockets.py measures: one client, one server, one connection at a time, blocking calls, nothing
// else, so that the time is the kernel's.
//
//   bl_bench_sockets serve NAME PORT     answers each request with NAME and the address it sees the client by
//   bl_bench_sockets ask                 reads lines "ask ADDR PORT SECONDS" or "connect ADDR PORT SECONDS", writes
//   JSON

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Message = std::array<char, 64>;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

class Socket {
public:
    Socket() : Socket(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
    explicit Socket(int fd) : fd_(checked(fd, "socket")) {}
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket() { close(fd_); }
    int fd() const { return fd_; }
    void set(int level, int option) const {
        const int on = 1;
        checked(setsockopt(fd_, level, option, &on, sizeof on), "setsockopt");
    }
    // False at the end of the stream.
    bool receive(Message& message) const {
        return checked(static_cast<int>(recv(fd_, message.data(), message.size(), MSG_WAITALL)), "recv") > 0;
    }
    void send(const Message& message) const {
        checked(static_cast<int>(::send(fd_, message.data(), message.size(), MSG_NOSIGNAL)), "send");
    }

private:
    int fd_;
};

sockaddr_in address(const std::string& text, int port) {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(static_cast<std::uint16_t>(port));
    if (inet_pton(AF_INET, text.c_str(), &result.sin_addr) != 1) throw std::runtime_error("no address: " + text);
    return result;
}

void answer(const Socket& client, const char* name, const sockaddr_in& seen) {
    Message request{}, reply{};
    std::snprintf(reply.data(), reply.size(), "%s %s", name, inet_ntoa(seen.sin_addr));
    while (client.receive(request))
        client.send(reply);
}

void serve(const char* name, int port) {
    const Socket listener;
    listener.set(SOL_SOCKET, SO_REUSEADDR);
    listener.set(IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit it
    const sockaddr_in any = address("0.0.0.0", port);
    checked(bind(listener.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof any), "bind");
    checked(listen(listener.fd(), 64), "listen");
    for (;;) {
        sockaddr_in seen{};
        socklen_t size = sizeof seen;
        const Socket client(accept(listener.fd(), reinterpret_cast<sockaddr*>(&seen), &size));
        try {
            answer(client, name, seen);
        } catch (const std::system_error&) {  // the client has gone away
        }
    }
}

struct Order {
    std::string what{}, addr{};
    int port = 0;
    double seconds = 0;
};

void connect_to(const Order& order, const Socket& socket) {
    const sockaddr_in to = address(order.addr, order.port);
    const timeval patience{5, 0};
    checked(setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), "SO_RCVTIMEO");
    checked(setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience), "SO_SNDTIMEO");
    socket.set(IPPROTO_TCP, TCP_NODELAY);
    checked(connect(socket.fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to), "connect");
}

// One connection, as many requests as there is time for.
class Requests {
public:
    explicit Requests(const Order& order) { connect_to(order, socket_); }
    void operator()() {
        socket_.send(request_);
        if (!socket_.receive(reply_)) throw std::runtime_error("the server closed");
    }
    std::string reply() const { return reply_.data(); }

private:
    Socket socket_;
    Message request_{}, reply_{};
};

// Handshake, half close, the server's half close: the server has seen each connection begin and end.
class Connections {
public:
    explicit Connections(const Order& order) : order_(order) {}
    void operator()() const {
        const Socket socket;
        connect_to(order_, socket);
        Message nothing{};
        checked(shutdown(socket.fd(), SHUT_WR), "shutdown");
        if (socket.receive(nothing)) throw std::runtime_error("an answer that nobody asked for");
    }
    std::string reply() const { return ""; }

private:
    Order order_;
};

template <class Job>
void measure(Job&& job, double seconds) {
    std::vector<double> us;
    us.reserve(1u << 20);
    const auto begin = Clock::now();
    const auto end = begin + std::chrono::duration<double>(seconds);
    auto now = begin;
    while (now < end) {
        const auto before = now;
        job();
        now = Clock::now();
        us.push_back(std::chrono::duration<double, std::micro>(now - before).count());
    }
    const auto quantile = [&](double q) {
        const auto at = us.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(us.size() - 1));
        std::ranges::nth_element(us, at);
        return *at;
    };
    std::printf(R"({"count": %zu, "seconds": %.6f, "p50_us": %.3f, "p99_us": %.3f, "reply": "%s"})"
                "\n",
                us.size(), std::chrono::duration<double>(now - begin).count(), quantile(0.5), quantile(0.99),
                job.reply().c_str());
}

void carry_out(const Order& order) {
    try {
        if (order.what == "ask")
            measure(Requests(order), order.seconds);
        else
            measure(Connections(order), order.seconds);
    } catch (const std::exception& error) {
        std::printf("{\"error\": \"%s\"}\n", error.what());
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 4 && std::strcmp(argv[1], "serve") == 0) serve(argv[2], std::stoi(argv[3]));
    if (argc != 2 || std::strcmp(argv[1], "ask") != 0) return 2;
    for (Order order; std::cin >> order.what >> order.addr >> order.port >> order.seconds;)
        carry_out(order);
}
