// Addresses and sockets of both families, for the clients and servers of the benches. What fails throws.
#pragma once
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

namespace beeline::bench {

using Message = std::array<char, 64>;

// The result of a system call, or std::system_error if it is negative.
int checked(int result, const char* what);

struct Address {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const { return storage.ss_family; }
    std::string text() const;
};
Address address(const std::string& text, int port);

class Socket {
public:
    Socket(int family, int type) : Socket(socket(family, type | SOCK_CLOEXEC, 0)) {}
    explicit Socket(int fd) : fd_(checked(fd, "socket")) {}
    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket();
    int fd() const { return fd_; }
    template <class T>
    void set(int level, int option, const T& value) const {
        checked(setsockopt(fd_, level, option, &value, sizeof value), "setsockopt");
    }
    void set(int level, int option) const { set(level, option, 1); }
    void bind_to(const Address& at) const { checked(bind(fd_, at.get(), at.size), "bind"); }
    void connect_to(const Address& to) const { checked(connect(fd_, to.get(), to.size), "connect"); }
    // As many bytes as there is room for; false at the end of the stream.
    template <class Room>
    bool receive(Room& room) const {
        return checked(static_cast<int>(recv(fd_, room.data(), room.size(), MSG_WAITALL)), "recv") > 0;
    }
    template <class Room>
    void send(const Room& room) const {
        checked(static_cast<int>(::send(fd_, room.data(), room.size(), MSG_NOSIGNAL)), "send");
    }

private:
    int fd_;
};

// Not for more than five seconds, connecting, sending or receiving.
Socket patient(int family, int type);
Socket connected(const Address& to, int type);
Socket listening(const Address& at, int backlog);

}  // namespace beeline::bench
