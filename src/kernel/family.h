// IPv4 and IPv6 as types: the abi rows of each family, and the way from values to wire bytes and back.
#pragma once
#include <fmt/format.h>

#include <cstring>
#include <limits>
#include <vector>

#include "abi/maps.h"
#include "base/addr.h"
#include "base/result.h"
#include "base/types.h"
#include "plan/plan.h"

namespace beeline::kernel {

struct V4 {
    using Addr = abi::Addr4;
    using FrontendKey = abi::FrontendKey4;
    using Backend = abi::Backend4;
    using MemberKey = abi::MemberKey4;
    using RangeKey = abi::RangeKey4;
    using OriginKey = abi::OriginKey4;
    using Origin = abi::Origin4;
    using FlowKey = abi::FlowKey4;
    using Flow = abi::Flow4;
    static constexpr Family family = Family::v4;
};
struct V6 {
    using Addr = abi::Addr6;
    using FrontendKey = abi::FrontendKey6;
    using Backend = abi::Backend6;
    using MemberKey = abi::MemberKey6;
    using RangeKey = abi::RangeKey6;
    using OriginKey = abi::OriginKey6;
    using Origin = abi::Origin6;
    using FlowKey = abi::FlowKey6;
    using Flow = abi::Flow6;
    static constexpr Family family = Family::v6;
};

// The first bytes of the address are taken: the caller has checked the family.
template <class WireAddr>
WireAddr wire_addr(const Addr& addr) {
    WireAddr wire{};
    std::memcpy(&wire, addr.bytes.data(), sizeof wire);
    return wire;
}
template <class WireAddr>
Addr value_addr(const WireAddr& wire) {
    Addr addr{.family = sizeof wire == 4 ? Family::v4 : Family::v6};
    std::memcpy(addr.bytes.data(), &wire, sizeof wire);
    return addr;
}
inline abi::u16 wire_port(Port port) {
    return __builtin_bswap16(port.value);
}
inline Port value_port(abi::u16 wire) {
    return Port{__builtin_bswap16(wire)};
}
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "wire_port() swaps");

template <class F>
typename F::FrontendKey wire_key(const plan::FrontendKey& key) {
    typename F::FrontendKey wire{};
    wire.addr = wire_addr<typename F::Addr>(key.addr);
    wire.port = wire_port(key.port);
    wire.proto = static_cast<abi::u8>(key.proto);
    return wire;
}
template <class WireKey>
plan::FrontendKey value_key(const WireKey& wire) {
    return {value_addr(wire.addr), value_port(wire.port), static_cast<Proto>(wire.proto)};
}
template <class F>
typename F::Backend wire_backend(const plan::Backend& backend) {
    return {wire_addr<typename F::Addr>(backend.addr), wire_port(backend.port), backend.weight};
}
template <class F>
Result<std::vector<typename F::Backend>> wire_backends(const std::vector<plan::Backend>& backends) {
    std::vector<typename F::Backend> wire;
    for (const plan::Backend& backend : backends)
        if (backend.addr.family != F::family)
            return fail(Errc::invalid, fmt::format("backend {} is of the other family", to_string(backend.addr)));
    if (backends.size() > std::numeric_limits<abi::u16>::max())
        return fail(Errc::exhausted, fmt::format("{} backends: at most 65535 fit", backends.size()));
    wire.reserve(backends.size());
    for (const plan::Backend& backend : backends)
        wire.push_back(wire_backend<F>(backend));
    return wire;
}
template <class F>
typename F::MemberKey wire_member(const plan::FrontendKey& key, const plan::Backend& backend) {
    typename F::MemberKey wire{};
    wire.frontend = wire_addr<typename F::Addr>(key.addr);
    wire.backend = wire_addr<typename F::Addr>(backend.addr);
    wire.frontend_port = wire_port(key.port);
    wire.backend_port = wire_port(backend.port);
    wire.proto = static_cast<abi::u8>(key.proto);
    return wire;
}

// Epoch slots of values (abi/epoch.h).
inline abi::u16 slot_of(const Addr& addr) {
    return addr.v4() ? abi::slot_addr(wire_addr<abi::Addr4>(addr)) : abi::slot_addr(wire_addr<abi::Addr6>(addr));
}
inline abi::u16 slot_of(const plan::FrontendKey& key) {
    return key.addr.v4() ? abi::slot_frontend(wire_key<V4>(key)) : abi::slot_frontend(wire_key<V6>(key));
}

}  // namespace beeline::kernel
