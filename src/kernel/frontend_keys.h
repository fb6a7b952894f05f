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
// All members of a frontend stand together, whatever else has its address: node ports all have the same.
template <class F>
struct MemberLess {
    bool operator()(const typename F::MemberKey& a, const typename F::MemberKey& b) const {
        const auto front_a = frontend_of<F>(a), front_b = frontend_of<F>(b);
        const int order = std::memcmp(&front_a, &front_b, sizeof front_a);
        return order != 0 ? order < 0 : std::memcmp(&a, &b, sizeof a) < 0;
    }
};
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
