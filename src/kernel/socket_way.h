// The two ways to end sockets. Both see those of one network namespace at a time, the calling thread's.
#pragma once
#include <cstddef>
#include <memory>

#include "kernel/socket_origins.h"

namespace beeline::kernel {

class SocketWay {
public:
    virtual ~SocketWay() = default;
    // Ends those of the sockets that are in this namespace and still connected as they were. Returns how many.
    // Error unsupported: this kernel does not do it this way.
    virtual Result<std::size_t> end_here() = 0;
};

// An iterator program over UDP sockets, loaded for these (Linux 6.5).
Result<std::unique_ptr<SocketWay>> way_by_iterator(const Doomed& doomed);
// Netlink: SOCK_DESTROY (CONFIG_INET_DIAG_DESTROY).
Result<std::unique_ptr<SocketWay>> way_by_diag(const Doomed& doomed);

// Whether the kernel has the second way, found out with a socket of our own. Errors say why not.
Result<> probe_diag();

}  // namespace beeline::kernel
