// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The frame as XDP programs get it.
#pragma once
#include "bpf/rt/bytes.h"
#include "bpf/rt/helpers.h"

namespace beeline {

INLINE Bytes frame(xdp_md* ctx) {
    return {reinterpret_cast<unsigned char*>(static_cast<unsigned long>(ctx->data)),
            reinterpret_cast<unsigned char*>(static_cast<unsigned long>(ctx->data_end))};
}

}  // namespace beeline
