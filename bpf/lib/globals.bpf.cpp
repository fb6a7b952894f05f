// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// The one definition of every map and global that bpf/lib/maps.h declares.
#include "bpf/lib/maps.h"

extern "C" {
#define X(name, kind, key, value, entries, writer) \
    beeline::kind<beeline::abi::key, beeline::abi::value, beeline::abi::entries_of(entries)> name SEC(".maps");
BEELINE_MAPS(X)
#undef X
beeline::Queue<beeline::abi::Closing, beeline::abi::closing_entries> bl_closing SEC(".maps");
beeline::PerCpuArray<beeline::u32, beeline::abi::Counter, beeline::abi::reason_slots * beeline::abi::hook_slots>
    bl_counters SEC(".maps");
beeline::Array<beeline::u32, beeline::abi::Candidate, beeline::abi::candidate_rows> bl_candidates SEC(".maps");
beeline::Array<beeline::u32, beeline::u32, beeline::abi::hop_rows> bl_crowded SEC(".maps");
beeline::ProgramArray<beeline::abi::slow_slots> bl_slow SEC(".maps");
beeline::ProgramArray<beeline::abi::first_slots> bl_first SEC(".maps");
beeline::RingBuffer<beeline::abi::event_bytes> bl_events SEC(".maps");
beeline::MapSlot<beeline::Hash<beeline::abi::FlowKey4, beeline::abi::Flow4, 1>> bl_other4 SEC(".maps");
beeline::MapSlot<beeline::Hash<beeline::abi::FlowKey6, beeline::abi::Flow6, 1>> bl_other6 SEC(".maps");
beeline::PerCpuArray<beeline::u32, beeline::Scratch, 1> bl_scratch SEC(".maps");
beeline::PerCpuArray<beeline::u32, beeline::Neighbour, beeline::neighbour_rows> bl_neighbours SEC(".maps");
beeline::PerCpuArray<beeline::u32, beeline::Way, beeline::way_rows> bl_ways SEC(".maps");
beeline::SocketHash<beeline::Ends, beeline::joined_sockets> bl_joined SEC(".maps");
beeline::SocketStorage<beeline::Joint> bl_joints SEC(".maps");
beeline::Array<beeline::u32, beeline::u32, beeline::turn_rows> bl_turns SEC(".maps");

volatile beeline::u32 bl_epochs[beeline::abi::epoch_slots] SEC(".data.epochs") = {};
volatile beeline::u64 bl_tcp_budget SEC(".data.budget") = (1ULL << 32) | 16384;
volatile beeline::u32 bl_hurry SEC(".data.hurry") = 0;
extern const volatile beeline::abi::Config bl_config;
const volatile beeline::abi::Config bl_config SEC(".rodata") = {};

char bl_license[] SEC("license") = "Dual BSD/GPL";
}
