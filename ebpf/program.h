// A loaded program: identity, test runs, pins. Move-only; the program lives as long as a handle, a pin or an
// attachment holds it.
#pragma once
#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ebpf/raw_map.h"

namespace ebpf {

struct ProgramInfo {
    std::uint32_t id = 0;
    std::string name;                             // whole, from BTF where there is any; else the kernel's 15 characters
    std::string tag;                              // 16 hex digits, as bpftool prints it
    std::uint32_t type = 0;                       // BPF_PROG_TYPE_*
    std::uint32_t xlated_len = 0, jited_len = 0;  // bytes; 0 where the kernel hides them; jited_len 0: interpreted
    std::uint32_t verified_insns = 0;             // the verifier's "processed N insns"
    std::vector<std::uint32_t> map_ids;
    std::uint32_t btf_id = 0;                    // 0: loaded without BTF
    std::uint64_t load_time_ns = 0;              // since boot
    std::uint64_t run_time_ns = 0, run_cnt = 0;  // 0 unless kernel.bpf_stats_enabled
};

// BPF_PROG_TEST_RUN. Only what the program's type accepts may be set.
struct TestRun {
    std::span<const std::byte> data_in{};  // packet; at least 14 bytes for tc and XDP
    std::span<const std::byte> ctx_in{};   // __sk_buff, xdp_md, …, as struct bytes
    std::uint32_t repeat = 1;
    std::size_t data_size_out = 0;  // room for the packet as it leaves; 0: data_in + 512 bytes, none without data_in
    std::uint32_t flags = 0;        // BPF_F_TEST_*
    std::uint32_t cpu = 0;          // with BPF_F_TEST_RUN_ON_CPU
    std::uint32_t batch_size = 0;   // with BPF_F_TEST_XDP_LIVE_FRAMES
};
struct TestResult {
    std::uint32_t retval = 0;
    std::uint32_t duration_ns = 0;    // mean of one run
    std::vector<std::byte> data_out;  // the packet as it leaves
    std::vector<std::byte> ctx_out;   // as long as ctx_in
};

class Program {
public:
    // Takes the handle of a program; Errc::invalid if it is something else.
    static Result<Program> from_fd(Fd fd);
    static Result<Program> from_pin(const std::string& path);
    static Result<Program> from_id(std::uint32_t id);

    int fd() const { return fd_.get(); }
    Result<ProgramInfo> info() const;
    // Errors: exhausted if the packet outgrew data_size_out.
    Result<TestResult> test_run(const TestRun& run) const;
    // Errc::exists if there is something at path.
    Result<void> pin(const std::string& path) const;
    // Makes it the target of tail calls through `slot` of a program array, instead of what is there, in one step.
    // Errors: invalid if it differs from the array's other programs in type; kernel too if the slot is none.
    Result<void> put_into(const RawMap& array, std::uint32_t slot) const;
    Result<Program> duplicate() const;

private:
    explicit Program(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace ebpf
