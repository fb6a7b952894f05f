// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The XDP programs.
#include "bpf/hooks/xdp.bpf.cpp"
#include "bpf/lib/first.bpf.cpp"
