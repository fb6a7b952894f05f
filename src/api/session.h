// One connection. Beast stays inside session.cpp.
#pragma once
#include <boost/asio/generic/stream_protocol.hpp>
#include <memory>

#include "api/server.h"

namespace beeline::api {

class Session {
public:
    virtual ~Session() = default;
    virtual void close() = 0;
};

// Lives as long as the connection does. `slot` is let go when it ends.
std::shared_ptr<Session> start_session(boost::asio::generic::stream_protocol::socket socket, const Router& router,
                                       const ServerOptions& options, std::shared_ptr<void> slot);

}  // namespace beeline::api
