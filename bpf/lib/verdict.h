// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
// What a stage decided: go on, or a final answer. Only dispatch turns verdicts into return codes and reports drops.
#pragma once
#include "abi/drop_reason.h"
#include "bpf/rt/helpers.h"

namespace beeline {

// With abi::Hook in the bits below: what a hook tells the slow path of a packet.
constexpr u32 note_unknown = 256;  // the flow table has no entry for it
constexpr u32 note_own = 512;      // a process of the node sends it, by one of its devices
constexpr u32 note_led = 16;       // first bit of Led::port

// tc return codes. Pass is -1 (TCX_NEXT, TC_ACT_UNSPEC), never TC_ACT_OK: 0 ends the chain and programs after ours
// would not run.
constexpr int tc_pass = -1;
constexpr int tc_drop = 2;
constexpr int tc_redirect = 7;

enum class Step : u8 { proceed, done, drop, refuse };

// Step, reason and return code in one register: BPF functions return no structs.
enum class Verdict : u64 {};
INLINE Verdict verdict_of(Step step, abi::Reason reason, int action) {
    return static_cast<Verdict>(static_cast<u64>(step) << 40 | static_cast<u64>(reason) << 32 |
                                static_cast<u32>(action));
}
INLINE Step step_of(Verdict v) {
    return static_cast<Step>(static_cast<u64>(v) >> 40);
}
INLINE abi::Reason reason_of(Verdict v) {
    return static_cast<abi::Reason>(static_cast<u64>(v) >> 32 & 63);
}
INLINE int action_of(Verdict v) {
    return static_cast<int>(static_cast<u64>(v));
}

INLINE Verdict proceed() {
    return verdict_of(Step::proceed, abi::Reason::forwarded, 0);
}
INLINE Verdict done(int action, abi::Reason reason) {
    return verdict_of(Step::done, reason, action);
}
INLINE Verdict drop(abi::Reason reason) {
    return verdict_of(Step::drop, reason, tc_drop);
}
// Drop, and tell the sender at once (RST or ICMP).
INLINE Verdict refuse(abi::Reason reason) {
    return verdict_of(Step::refuse, reason, tc_drop);
}

#define STAGE(call) \
    if (Verdict verdict_ = (call); step_of(verdict_) != Step::proceed) return verdict_

}  // namespace beeline
