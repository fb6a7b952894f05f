// Both ends of what sockets.py measures: one client, one server, one connection at a time, blocking calls, nothing
// else, so that the time is the kernel's.
//
//   bl_bench_sockets serve NAME ADDR PORT   answers each request with NAME and the address it sees the client by
//   bl_bench_sockets echo NAME ADDR PORT    the same, of datagrams
//   bl_bench_sockets ask                    reads lines "WHAT ADDR PORT SECONDS", writes JSON; WHAT is ask, udp or
//                                           connect

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Message = std::array<char, 64>;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

// Of either family.
struct Address {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    std::string text() const {
        std::array<char, NI_MAXHOST> host{};
        if (getnameinfo(get(), size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) return "?";
        return host.data();
    }
};

Address address(const std::string& text, int port) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    if (getaddrinfo(text.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        throw std::runtime_error("no address: " + text);
    Address result;
    std::memcpy(&result.storage, found->ai_addr, found->ai_addrlen);
    result.size = found->ai_addrlen;
    freeaddrinfo(found);
    return result;
}

class Socket {
public:
    Socket(int family, int type) : Socket(socket(family, type | SOCK_CLOEXEC, 0)) {}
    explicit Socket(int fd) : fd_(checked(fd, "socket")) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() {
        if (fd_ >= 0) close(fd_);
    }
    int fd() const { return fd_; }
    template <class T>
    void set(int level, int option, const T& value) const {
        checked(setsockopt(fd_, level, option, &value, sizeof value), "setsockopt");
    }
    void set(int level, int option) const { set(level, option, 1); }
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

Message answer_of(const char* name, const Address& seen) {
    Message reply{};
    std::snprintf(reply.data(), reply.size(), "%s %s", name, seen.text().c_str());
    return reply;
}

void answer(const Socket& client, const Message& reply) {
    Message request{};
    while (client.receive(request))
        client.send(reply);
}

[[noreturn]] void serve(const char* name, const Address& at) {
    const Socket listener(at.family(), SOCK_STREAM);
    listener.set(SOL_SOCKET, SO_REUSEADDR);
    listener.set(IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit it
    if (at.family() == AF_INET6) listener.set(IPPROTO_IPV6, IPV6_V6ONLY);
    checked(bind(listener.fd(), at.get(), at.size), "bind");
    checked(listen(listener.fd(), 64), "listen");
    for (;;) {
        Address seen;
        const Socket client(accept(listener.fd(), seen.get(), &seen.size));
        try {
            answer(client, answer_of(name, seen));
        } catch (const std::system_error&) {  // the client has gone away
        }
    }
}

[[noreturn]] void echo(const char* name, const Address& at) {
    const Socket socket(at.family(), SOCK_DGRAM);
    if (at.family() == AF_INET6) socket.set(IPPROTO_IPV6, IPV6_V6ONLY);
    checked(bind(socket.fd(), at.get(), at.size), "bind");
    for (;;) {
        Address seen;
        Message request{};
        if (recvfrom(socket.fd(), request.data(), request.size(), 0, seen.get(), &seen.size) < 0) continue;
        const Message reply = answer_of(name, seen);
        sendto(socket.fd(), reply.data(), reply.size(), 0, seen.get(), seen.size);
    }
}

struct Order {
    std::string what{}, addr{};
    int port = 0;
    double seconds = 0;
};

Socket connected(const Address& to, int type) {
    Socket socket(to.family(), type);
    const timeval patience{5, 0};
    socket.set(SOL_SOCKET, SO_RCVTIMEO, patience);
    socket.set(SOL_SOCKET, SO_SNDTIMEO, patience);
    if (type == SOCK_STREAM) socket.set(IPPROTO_TCP, TCP_NODELAY);
    checked(connect(socket.fd(), to.get(), to.size), "connect");
    return socket;
}

// One connection, or one socket of datagrams; as many requests as there is time for.
class Requests {
public:
    Requests(const Address& to, int type) : socket_(connected(to, type)) {}
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
    explicit Connections(const Address& to) : to_(to) {}
    void operator()() const {
        const Socket socket = connected(to_, SOCK_STREAM);
        Message nothing{};
        checked(shutdown(socket.fd(), SHUT_WR), "shutdown");
        if (socket.receive(nothing)) throw std::runtime_error("an answer that nobody asked for");
    }
    std::string reply() const { return ""; }

private:
    Address to_;
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
        const Address to = address(order.addr, order.port);
        if (order.what == "ask" || order.what == "udp")
            measure(Requests(to, order.what == "ask" ? SOCK_STREAM : SOCK_DGRAM), order.seconds);
        else
            measure(Connections(to), order.seconds);
    } catch (const std::exception& error) {
        std::printf("{\"error\": \"%s\"}\n", error.what());
    }
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc == 5) {
        const Address at = address(argv[3], std::stoi(argv[4]));
        if (std::strcmp(argv[1], "serve") == 0) serve(argv[2], at);
        if (std::strcmp(argv[1], "echo") == 0) echo(argv[2], at);
    }
    if (argc != 2 || std::strcmp(argv[1], "ask") != 0) return 2;
    for (Order order; std::cin >> order.what >> order.addr >> order.port >> order.seconds;)
        carry_out(order);
}
