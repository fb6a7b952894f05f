// Addresses as Asio has them.
#pragma once
#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/addr.h"

namespace beeline::api {

inline boost::asio::ip::address tcp_address(const Addr& addr) {
    if (!addr.v4()) return boost::asio::ip::address_v6(addr.bytes);
    boost::asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(addr.bytes.begin(), bytes.size(), bytes.begin());
    return boost::asio::ip::address_v4(bytes);
}

}  // namespace beeline::api
