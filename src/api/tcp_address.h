// Addresses as Asio has them.
#pragma once
#include <algorithm>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstring>

#include "base/addr.h"

namespace beeline::api {

inline boost::asio::ip::address tcp_address(const Addr& addr) {
    if (!addr.v4()) return boost::asio::ip::address_v6(addr.bytes);
    boost::asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(addr.bytes.begin(), bytes.size(), bytes.begin());
    return boost::asio::ip::address_v4(bytes);
}

// The other way; IPv4 that came to a socket of IPv6 is IPv4.
inline Addr plain_address(const boost::asio::ip::address& from) {
    using boost::asio::ip::make_address_v4;
    if (from.is_v6() && !from.to_v6().is_v4_mapped()) return {.family = Family::v6, .bytes = from.to_v6().to_bytes()};
    const auto bytes =
        from.is_v4() ? from.to_v4().to_bytes() : make_address_v4(boost::asio::ip::v4_mapped, from.to_v6()).to_bytes();
    Addr addr{.family = Family::v4};
    std::copy(bytes.begin(), bytes.end(), addr.bytes.begin());
    return addr;
}

// The address that a client has connected to. `end` is of TCP.
inline Addr plain_address(const boost::asio::generic::stream_protocol::endpoint& end) {
    boost::asio::ip::tcp::endpoint tcp;
    const auto size = std::min<std::size_t>(end.size(), tcp.capacity());
    std::memcpy(tcp.data(), end.data(), size);
    tcp.resize(size);
    return plain_address(tcp.address());
}

}  // namespace beeline::api
