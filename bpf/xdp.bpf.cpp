// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The XDP programs. Stages that they have in common with the tc programs are compiled for frames here.
#define BEELINE_XDP
#include "bpf/hooks/xdp.bpf.cpp"
#include "bpf/lib/first.bpf.cpp"
