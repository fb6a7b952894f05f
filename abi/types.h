// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Words both sides of the border share. Addresses and ports in `be` fields are in network byte order.
// Everything in abi/ compiles as C++20 for BPF and for the host; it includes nothing but abi/.
#pragma once

namespace beeline::abi {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned int;
using u64 = unsigned long long;

// True when T has no hidden padding: all of its bytes are hashed and compared by the kernel.
template <class T>
constexpr bool is_wire = __has_unique_object_representations(T);

struct Addr4 {
    u32 be;
};
struct Addr6 {
    u32 be[4];
};
static_assert(is_wire<Addr4> && sizeof(Addr4) == 4);
static_assert(is_wire<Addr6> && sizeof(Addr6) == 16);

// IP protocol numbers the datapath knows (IANA).
enum Proto : u8 {
    proto_any = 0,
    proto_icmp = 1,
    proto_tcp = 6,
    proto_udp = 17,
    proto_icmp6 = 58,
    proto_sctp = 132,
};

}  // namespace beeline::abi
