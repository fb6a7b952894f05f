// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// bl_collect: what the agent's collector runs on the list it has put into bl_candidates (BPF_PROG_TEST_RUN).
#include "bpf/lib/collect.h"

// Functions of their own: the verifier goes through the body of the loop until nothing is new, and through these once.
extern "C" {
NOINLINE int bl_collect_one4(beeline::abi::Candidate* row) {
    if (row) beeline::collect_one<beeline::V4>(*row);
    return 0;
}
NOINLINE int bl_collect_one6(beeline::abi::Candidate* row) {
    if (row) beeline::collect_one<beeline::V6>(*row);
    return 0;
}
}

// For bpf_loop(): 1 ends it.
static beeline::s64 collect_row(beeline::u32 round, void* context) {
    (void)context;
    beeline::abi::Candidate* row = beeline::lookup(bl_candidates, round);
    if (!row || row->what == static_cast<beeline::u8>(beeline::abi::Collect::nothing)) return 1;
    if (row->family == 4)
        bl_collect_one4(row);
    else
        bl_collect_one6(row);
    return 0;
}

extern "C" {
// Returns how many rows it has looked at.
SEC("syscall") int bl_collect(void* context) {
    (void)context;
    return static_cast<int>(beeline::bpf_loop(beeline::abi::candidate_rows, collect_row, nullptr, 0));
}
}
