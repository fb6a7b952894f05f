#include "bench/endpoint.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace beeline::bench {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

std::string Address::text() const {
    std::array<char, NI_MAXHOST> host{};
    if (getnameinfo(get(), size, host.data(), host.size(), nullptr, 0, NI_NUMERICHOST) != 0) return "?";
    return host.data();
}

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

Socket::~Socket() {
    if (fd_ >= 0) close(fd_);
}

Socket patient(int family, int type) {
    Socket socket(family, type);
    const timeval patience{5, 0};
    socket.set(SOL_SOCKET, SO_RCVTIMEO, patience);
    socket.set(SOL_SOCKET, SO_SNDTIMEO, patience);
    return socket;
}

Socket connected(const Address& to, int type) {
    Socket socket = patient(to.family(), type);
    if (type == SOCK_STREAM) socket.set(IPPROTO_TCP, TCP_NODELAY);
    socket.connect_to(to);
    return socket;
}

Socket listening(const Address& at, int backlog) {
    Socket listener(at.family(), SOCK_STREAM);
    listener.set(SOL_SOCKET, SO_REUSEADDR);
    listener.set(IPPROTO_TCP, TCP_NODELAY);  // accepted sockets inherit it
    if (at.family() == AF_INET6) listener.set(IPPROTO_IPV6, IPV6_V6ONLY);
    listener.bind_to(at);
    checked(listen(listener.fd(), backlog), "listen");
    return listener;
}

}  // namespace beeline::bench
