#include "bench/connects.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>

namespace beeline::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t handful = 32;  // sockets a sample

double ns(Clock::duration time) {
    return std::chrono::duration<double, std::nano>(time).count() / handful;
}

// The clock reads a few ten ns a handful: nothing, a socket.
struct Sample {
    double connect, life;
};

Sample sample(const Address& to, int type) {
    std::array<int, handful> sockets{};
    const auto begin = Clock::now();
    for (int& fd : sockets)
        fd = checked(socket(to.family(), type | SOCK_CLOEXEC, 0), "socket");
    if (type == SOCK_STREAM) {  // ended by a reset: no port stays occupied
        const linger at_once{1, 0};
        for (const int fd : sockets)
            checked(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), "setsockopt");
    }
    const auto before = Clock::now();
    for (const int fd : sockets)
        checked(connect(fd, to.get(), to.size), "connect");
    const auto after = Clock::now();
    for (const int fd : sockets)
        close(fd);
    return {ns(after - before), ns(Clock::now() - begin)};
}

double quantile(std::vector<Sample>& samples, double Sample::* which, double q) {
    const auto at = samples.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(samples.size() - 1));
    std::ranges::nth_element(samples, at, {}, which);
    return (*at).*which;
}
}  // namespace

void drain(const Address& at) {
    const Socket listener = listening(at, 4096);
    checked(fcntl(listener.fd(), F_SETFL, O_NONBLOCK), "fcntl");
    for (;;) {
        int fd = -1;
        while ((fd = accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC)) >= 0)
            close(fd);
        const timespec pause{0, 1000000};
        nanosleep(&pause, nullptr);
    }
}

std::string time_connects(const Address& to, int type, double seconds) {
    std::vector<Sample> samples;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    do
        samples.push_back(sample(to, type));
    while (Clock::now() < end);
    std::array<char, 256> text{};
    std::snprintf(text.data(), text.size(),
                  R"({"count": %zu, "min_ns": %.1f, "p50_ns": %.1f, "life_min_ns": %.1f, "life_p50_ns": %.1f})",
                  samples.size() * handful, quantile(samples, &Sample::connect, 0),
                  quantile(samples, &Sample::connect, 0.5), quantile(samples, &Sample::life, 0),
                  quantile(samples, &Sample::life, 0.5));
    return text.data();
}

}  // namespace beeline::bench
