// Keys of members and of clients' ranges, both of which begin with their frontend's.
#pragma once
#include "kernel/family.h"

namespace beeline::kernel {

// The frontend a member belongs to.
template <class F>
typename F::FrontendKey frontend_of(const typename F::MemberKey& member) {
    typename F::FrontendKey key{};
    key.addr = member.frontend;
    key.port = member.frontend_port;
    key.proto = member.proto;
    return key;
}
template <class F>
typename F::FrontendKey frontend_of_range(const typename F::RangeKey& range) {
    typename F::FrontendKey key{};
    key.addr = range.frontend;
    key.port = range.port;
    key.proto = range.proto;
    return key;
}

// The client part of a key behind the frontend's, which is always whole.
template <class F>
constexpr abi::u32 frontend_bits = (sizeof(typename F::RangeKey) - sizeof(abi::u32) - sizeof(typename F::Addr)) * 8;

template <class F>
typename F::RangeKey range_key(const typename F::FrontendKey& front, const Prefix& clients) {
    typename F::RangeKey key{};
    key.length = frontend_bits<F> + clients.length;
    key.frontend = front.addr;
    key.port = front.port;
    key.proto = front.proto;
    key.client = wire_addr<typename F::Addr>(clients.addr);
    return key;
}
template <class F>
Prefix clients_of(const typename F::RangeKey& key) {
    return {value_addr(key.client), static_cast<std::uint8_t>(key.length - frontend_bits<F>)};
}

}  // namespace beeline::kernel
