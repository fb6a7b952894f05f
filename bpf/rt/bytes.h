// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// A frame as a byte range, the same for packets in the kernel and for tests on the host.
#pragma once

#include "bpf/rt/inline.h"

namespace beeline {

// A frame from its Ethernet header on; `end` is one past the last byte that may be read.
struct Bytes {
    unsigned char* begin;
    unsigned char* end;
};

// A T at `offset`, or null if the range is too short. Works for constant and variable offsets below 64 KiB.
template <class T>
INLINE T* view(Bytes b, unsigned offset) {
    unsigned char* p = b.begin + offset;
    return p + sizeof(T) <= b.end ? reinterpret_cast<T*>(p) : nullptr;
}

}  // namespace beeline
