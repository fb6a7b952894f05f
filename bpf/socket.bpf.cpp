// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// All socket programs as one translation unit; each attach point keeps its own file.
#include "bpf/hooks/sock_bind.bpf.cpp"
#include "bpf/hooks/sock_connect.bpf.cpp"
#include "bpf/hooks/sock_getpeername.bpf.cpp"
#include "bpf/hooks/sock_join.bpf.cpp"
#include "bpf/hooks/sock_recvmsg.bpf.cpp"
#include "bpf/hooks/sock_release.bpf.cpp"
#include "bpf/hooks/sock_sendmsg.bpf.cpp"
