// The rows of a family, for what the tests write into maps and read from them.
#pragma once
#include <cstring>

#include "bpf/rt/family.h"
#include "tests/packet/must.h"
#include "tests/packet/packet.h"

namespace beeline::packet {

// fn.template operator()<V4>() or <V6>().
template <class Fn>
auto with_family(Family family, Fn&& fn) {
    return family == Family::v4 ? fn.template operator()<V4>() : fn.template operator()<V6>();
}
template <class F>
std::string map_name(const char* base) {
    return std::string(base) + (is_v4<F> ? "4" : "6");
}
template <class F>
typename F::Addr addr_of(const Node& n) {
    typename F::Addr a;
    std::memcpy(&a, n.addr(is_v4<F> ? Family::v4 : Family::v6).data(), sizeof a);
    return a;
}

}  // namespace beeline::packet
