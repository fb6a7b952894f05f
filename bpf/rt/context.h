// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The packet as the programs of this translation unit get it: the sources of bpf/xdp.bpf.cpp define BEELINE_XDP.
#pragma once
#ifdef BEELINE_XDP
#include "bpf/rt/xdp.h"
#define BEELINE_SYMBOL(name) bl_xdp_##name
namespace beeline {
using Context = xdp_md;
constexpr bool in_xdp = true;
}  // namespace beeline
#else
#include "bpf/rt/skb.h"
#define BEELINE_SYMBOL(name) bl_##name
namespace beeline {
using Context = __sk_buff;
constexpr bool in_xdp = false;
}  // namespace beeline
#endif
