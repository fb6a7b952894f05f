// Notices of the node's network: devices that went or were set up or down, and that there is something new about
// devices, addresses, routes or routing rules.
#pragma once
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/types.h"

struct nl_sock;

namespace beeline::kernel {

struct LinkEvent {
    Ifindex index;
    std::string name;
    bool gone = false;
    bool up = false;  // administratively
};

struct LinkNotices {
    std::vector<LinkEvent> links{};
    bool network = false;  // devices that are not ours, addresses or routes
};

class LinkEvents {
public:
    static Result<LinkEvents> open();  // of the calling thread's network namespace
    int fd() const;                    // readable when there is something to read()
    // What came since the last call, in order; does not wait. Errors: unavailable when notices were lost: resync.
    Result<LinkNotices> read();

private:
    struct Close {
        void operator()(nl_sock* socket) const;
    };
    explicit LinkEvents(nl_sock* socket);
    std::unique_ptr<nl_sock, Close> socket_;
    std::unique_ptr<LinkNotices> seen_;
};

}  // namespace beeline::kernel
