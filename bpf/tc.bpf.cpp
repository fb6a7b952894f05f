// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// All tc programs as one translation unit: libbpf 1.1's linker refuses a kfunc (bpf_cast_to_kern_ctx) that two objects
// declare. Each attach point keeps its own file.
#include "bpf/hooks/from_container.bpf.cpp"
#include "bpf/hooks/from_host.bpf.cpp"
#include "bpf/hooks/from_netdev.bpf.cpp"
#include "bpf/hooks/to_container.bpf.cpp"
#include "bpf/hooks/to_host.bpf.cpp"
#include "bpf/hooks/to_netdev.bpf.cpp"
#include "bpf/lib/slow.bpf.cpp"
