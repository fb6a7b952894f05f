// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// Every map and global of the datapath, declared from the one list in abi/maps.h; defined in globals.bpf.cpp.
#pragma once
#include "abi/maps.h"
#include "bpf/lib/scratch.h"
#include "bpf/rt/maps.h"

extern "C" {
#define X(name, kind, key, value, entries, writer)                                                                    \
    extern beeline::kind<beeline::abi::key, beeline::abi::value, beeline::abi::entries_of(entries)> name DECLARED_IN( \
        ".maps");
BEELINE_MAPS(X)
#undef X
extern beeline::Queue<beeline::abi::Closing, beeline::abi::closing_entries> bl_closing DECLARED_IN(".maps");
extern beeline::PerCpuArray<beeline::u32, beeline::abi::Counter, beeline::abi::reason_slots * beeline::abi::hook_slots>
    bl_counters DECLARED_IN(".maps");
extern beeline::Array<beeline::u32, beeline::abi::Candidate, beeline::abi::candidate_rows> bl_candidates
    DECLARED_IN(".maps");
extern beeline::Array<beeline::u32, beeline::u32, beeline::abi::hop_rows> bl_crowded DECLARED_IN(".maps");
extern beeline::ProgramArray<beeline::abi::slow_slots> bl_slow DECLARED_IN(".maps");
extern beeline::ProgramArray<beeline::abi::first_slots> bl_first DECLARED_IN(".maps");
extern beeline::RingBuffer<beeline::abi::event_bytes> bl_events DECLARED_IN(".maps");
extern beeline::MapSlot<beeline::Hash<beeline::abi::FlowKey4, beeline::abi::Flow4, 1>> bl_other4 DECLARED_IN(".maps");
extern beeline::MapSlot<beeline::Hash<beeline::abi::FlowKey6, beeline::abi::Flow6, 1>> bl_other6 DECLARED_IN(".maps");
extern beeline::PerCpuArray<beeline::u32, beeline::Scratch, 1> bl_scratch DECLARED_IN(".maps");
extern beeline::PerCpuArray<beeline::u32, beeline::Neighbour, beeline::neighbour_rows> bl_neighbours
    DECLARED_IN(".maps");
extern beeline::PerCpuArray<beeline::u32, beeline::Way, beeline::way_rows> bl_ways DECLARED_IN(".maps");
extern beeline::SocketHash<beeline::Ends, beeline::joined_sockets> bl_joined DECLARED_IN(".maps");
extern beeline::SocketStorage<beeline::Joint> bl_joints DECLARED_IN(".maps");
extern beeline::Array<beeline::u32, beeline::u32, beeline::turn_rows> bl_turns DECLARED_IN(".maps");

// Counters of the epoch slots; the agent bumps them through its own mapping.
extern volatile beeline::u32 bl_epochs[beeline::abi::epoch_slots];
// How many unreplied TCP flows each CPU may still put straight into the flow table: generation << 32 | amount,
// renewed by the collector's sweep.
extern volatile beeline::u64 bl_tcp_budget;
// 1: a flow table is filling; closed connections leave it sooner. Also from the sweep.
extern volatile beeline::u32 bl_hurry;
extern const volatile beeline::abi::Config bl_config;
}
