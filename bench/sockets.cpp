// Both ends of what the socket benches measure: one client, one server, one connection at a time, blocking calls,
// nothing else, so that the time is the kernel's.
//
//   bl_bench_sockets serve NAME ADDR PORT   answers each request with NAME and the address it sees the client by
//   bl_bench_sockets echo NAME ADDR PORT    the same, of datagrams
//   bl_bench_sockets byte NAME ADDR PORT    answers the byte that a connection brings with the first of NAME
//   bl_bench_sockets drain NAME ADDR PORT   accepts and closes, see connects.h
//   bl_bench_sockets ask                    reads lines "WHAT ADDR PORT SECONDS", writes JSON; WHAT is
//     ask, udp           requests on one connection, or from one socket of datagrams
//     connect            connections that only begin and end
//     byte               connections with a byte there and one back
//     connect_tcp, _udp  calls of connect(), see connects.h

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "bench/connects.h"
#include "bench/endpoint.h"

namespace beeline::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Byte = std::array<char, 1>;

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

// Calls talk() with each connection and its client's address.
template <class Talk>
[[noreturn]] void serve_each(const Address& at, Talk&& talk) {
    const Socket listener = listening(at, 64);
    for (;;) {
        Address seen;
        const Socket client(accept(listener.fd(), seen.get(), &seen.size));
        try {
            talk(client, seen);
        } catch (const std::system_error&) {  // the client has gone away
        }
    }
}

[[noreturn]] void serve(const char* name, const Address& at) {
    serve_each(at, [&](const Socket& client, const Address& seen) { answer(client, answer_of(name, seen)); });
}

[[noreturn]] void serve_byte(const char* name, const Address& at) {
    serve_each(at, [&](const Socket& client, const Address&) {
        Byte byte{};
        if (client.receive(byte)) client.send(Byte{name[0]});
        client.receive(byte);  // its end
    });
}

[[noreturn]] void echo(const char* name, const Address& at) {
    const Socket socket(at.family(), SOCK_DGRAM);
    if (at.family() == AF_INET6) socket.set(IPPROTO_IPV6, IPV6_V6ONLY);
    socket.bind_to(at);
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

// A connection for one byte and its answer; the client ends it first.
class Bytes {
public:
    explicit Bytes(const Address& to) : to_(to) {}
    void operator()() {
        const Socket socket = connected(to_, SOCK_STREAM);
        socket.send(byte_);
        if (!socket.receive(byte_)) throw std::runtime_error("the server closed");
    }
    std::string reply() const { return {byte_[0]}; }

private:
    Address to_;
    Byte byte_{'?'};
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

void measure(const Order& order) {
    const Address to = address(order.addr, order.port);
    if (order.what == "ask") return measure(Requests(to, SOCK_STREAM), order.seconds);
    if (order.what == "udp") return measure(Requests(to, SOCK_DGRAM), order.seconds);
    if (order.what == "connect") return measure(Connections(to), order.seconds);
    if (order.what == "byte") return measure(Bytes(to), order.seconds);
    const int type = order.what == "connect_tcp" ? SOCK_STREAM : SOCK_DGRAM;
    std::puts(time_connects(to, type, order.seconds).c_str());
}

void carry_out(const Order& order) {
    try {
        measure(order);
    } catch (const std::exception& error) {
        std::printf("{\"error\": \"%s\"}\n", error.what());
    }
    std::fflush(stdout);
}

int run(int argc, char** argv) {
    if (argc == 5) {
        const std::string what = argv[1];
        const Address at = address(argv[3], std::stoi(argv[4]));
        if (what == "serve") serve(argv[2], at);
        if (what == "echo") echo(argv[2], at);
        if (what == "byte") serve_byte(argv[2], at);
        if (what == "drain") drain(at);
    }
    if (argc != 2 || std::strcmp(argv[1], "ask") != 0) return 2;
    for (Order order; std::cin >> order.what >> order.addr >> order.port >> order.seconds;)
        carry_out(order);
    return 0;
}
}  // namespace
}  // namespace beeline::bench

int main(int argc, char** argv) {
    return beeline::bench::run(argc, argv);
}
