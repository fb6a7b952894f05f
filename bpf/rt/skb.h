// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The packet as tc programs get it.
#pragma once
#include "bpf/rt/bytes.h"
#include "bpf/rt/helpers.h"

extern "C" {
// Weak: kernels before 6.2 do not have it; bl_config.kern_ctx says so and the verifier never sees the call.
__attribute__((weak)) extern void* bpf_cast_to_kern_ctx(void* ctx) DECLARED_IN(".ksyms");
}

// The kernel's own struct, found by BTF whatever its layout there is.
struct sk_buff {
    unsigned char ip_summed : 2;
};

namespace beeline {

// Context fields are read and written by hand: the compiler likes to keep the address of a field for several uses,
// and the verifier refuses a context pointer with an offset.
#define BEELINE_FIELD(name, field)                                                         \
    INLINE u32 name(__sk_buff* ctx) {                                                      \
        u32 value;                                                                         \
        asm volatile("%[value] = *(u32 *)(%[ctx] + %[place])"                              \
                     : [value] "=r"(value)                                                 \
                     : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(__sk_buff, field))); \
        return value;                                                                      \
    }
BEELINE_FIELD(device_of, ifindex)
BEELINE_FIELD(mark_of, mark)
BEELINE_FIELD(length_of, len)
BEELINE_FIELD(segment_of, gso_size)
BEELINE_FIELD(is_tagged, vlan_present)
#undef BEELINE_FIELD

INLINE void set_mark(__sk_buff* ctx, u32 mark) {
    asm volatile("*(u32 *)(%[ctx] + %[place]) = %[mark]"
                 :
                 : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(__sk_buff, mark)), [mark] "r"(mark)
                 : "memory");
}

// Room that a packet keeps over a tail call: five words.
template <int Word>
INLINE void set_room(__sk_buff* ctx, u32 value) {
    asm volatile("*(u32 *)(%[ctx] + %[place]) = %[value]"
                 :
                 : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(__sk_buff, cb) + 4 * Word), [value] "r"(value)
                 : "memory");
}
template <int Word>
INLINE u32 room_at(__sk_buff* ctx) {
    u32 value;
    asm volatile("%[value] = *(u32 *)(%[ctx] + %[place])"
                 : [value] "=r"(value)
                 : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(__sk_buff, cb) + 4 * Word));
    return value;
}
INLINE void set_note(__sk_buff* ctx, u32 note) {
    set_room<0>(ctx, note);
}
INLINE u32 note_of(__sk_buff* ctx) {
    return room_at<0>(ctx);
}

INLINE Bytes frame(__sk_buff* ctx) {
    unsigned long begin, end;
    asm volatile("%[begin] = *(u32 *)(%[ctx] + %[place])"
                 : [begin] "=r"(begin)
                 : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(__sk_buff, data)));
    asm volatile("%[end] = *(u32 *)(%[ctx] + %[place])"
                 : [end] "=r"(end)
                 : [ctx] "r"(ctx), [place] "i"(__builtin_offsetof(__sk_buff, data_end)));
    return {reinterpret_cast<unsigned char*>(begin), reinterpret_cast<unsigned char*>(end)};
}

// More of the packet than is linear: pull its headers once.
constexpr u32 header_room = 256;  // IPv6 extension headers; two headers with options in an ICMP error
INLINE bool pull_headers(__sk_buff* ctx) {
    u32 length = length_of(ctx);
    return bpf_skb_pull_data(ctx, length < header_room ? length : header_room) == 0;
}

// Twelve bytes of Ethernet addresses in two stores. Packets are not aligned, and need not be: the kernel allows it
// where the CPU does.
INLINE void copy_macs(unsigned char* to, const unsigned char* from) {
    *reinterpret_cast<u64*>(to) = *reinterpret_cast<const u64*>(from);
    *reinterpret_cast<u32*>(to + 8) = *reinterpret_cast<const u32*>(from + 8);
}

enum Summed : u32 { summed_none = 0, summed_unnecessary = 1, summed_complete = 2, summed_partial = 3 };

// skb->ip_summed, by CO-RE: field info kinds 0 byte offset, 4 left shift, 5 right shift (bpf_core_read.h).
INLINE u32 summed(__sk_buff* ctx) {
    auto* skb = static_cast<sk_buff*>(bpf_cast_to_kern_ctx(ctx));
    const auto* byte = reinterpret_cast<const unsigned char*>(skb) + __builtin_preserve_field_info(skb->ip_summed, 0);
    u64 value = *byte;
    value <<= __builtin_preserve_field_info(skb->ip_summed, 4);
    return static_cast<u32>(value >> __builtin_preserve_field_info(skb->ip_summed, 5));
}

}  // namespace beeline
