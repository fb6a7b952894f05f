// Any bytes as a frame: the parser reads nothing beyond them, and what it calls ok is what the bytes say.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "bpf/lib/parse.h"

namespace {
using namespace beeline;

void require(bool condition) {
    if (!condition) __builtin_trap();
}

template <class F>
void check_ok(const Packet<F>& p, std::size_t size) {
    require(p.l4 >= sizeof(ethhdr) + sizeof(typename F::Header));
    require(p.l4 <= (is_v4<F> ? sizeof(ethhdr) + 60 : last_l4));
    require(p.l4_header >= 8 && p.l4 + (p.key.proto == abi::proto_tcp ? sizeof(tcphdr) : 8U) <= size);
    require(p.l4_len >= p.l4_header);
    require(p.key.zone == 0 && p.key.pad == 0);
    require(p.key.proto == abi::proto_tcp || p.tcp == 0);
}

// An empty vector's data() may be null, which a frame never is.
Bytes frame(std::vector<unsigned char>& bytes) {
    static unsigned char none;
    unsigned char* begin = bytes.empty() ? &none : bytes.data();
    return {begin, begin + bytes.size()};
}

// The same bytes behind another ending: the verdict on a whole packet does not depend on what follows it.
template <class F>
Parsed parse_with(bool whole, Bytes b, Packet<F>& p) {
    return whole ? parse_whole<F>(b, p) : parse<F>(b, p);
}

template <class F>
void check(const std::uint8_t* data, std::size_t size, bool whole) {
    std::vector<unsigned char> exact(data, data + size);
    exact.shrink_to_fit();
    Packet<F> p;
    const Parsed parsed = parse_with<F>(whole, frame(exact), p);
    require(parsed != Parsed::refused || abi::is_drop(p.reason));
    if (parsed == Parsed::ok || (parsed == Parsed::fragment && p.fragment == Part::first && whole)) check_ok(p, size);
    require(!whole || parsed != Parsed::extensions);
    std::vector<unsigned char> longer(exact);
    longer.resize(size + 64, 0xa5);
    Packet<F> q;
    const Parsed again = parse_with<F>(whole, frame(longer), q);
    if (parsed == Parsed::truncated) return;
    require(again == parsed);
    require(std::memcmp(&p.key, &q.key, sizeof p.key) == 0 && p.l4 == q.l4 && p.l4_len == q.l4_len && p.tcp == q.tcp);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    for (const bool whole : {false, true}) {
        check<V4>(data, size, whole);
        check<V6>(data, size, whole);
    }
    return 0;
}
