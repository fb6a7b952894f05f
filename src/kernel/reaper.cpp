#include "kernel/reaper.h"

#include <algorithm>

#include "kernel/ebpf_result.h"

namespace beeline::kernel {

Result<EbpfReaper> EbpfReaper::open(const ebpf::RawMap& rows, const ebpf::Program& program) {
    auto mapped = TRY(result_of(ebpf::map_array<abi::Candidate>(rows)));
    if (mapped.size() < abi::candidate_rows) return fail(Errc::invalid, "bl_candidates has too few rows");
    return EbpfReaper(std::move(mapped), TRY(result_of(program.duplicate())));
}

Result<> EbpfReaper::run(std::span<abi::Candidate> rows) {
    if (rows.empty()) return {};
    if (rows.size() > abi::candidate_rows) return fail(Errc::invalid, "too many candidates at once");
    const std::span<abi::Candidate> shared = TRY(result_of(rows_.span()));
    std::ranges::copy(rows, shared.begin());
    if (rows.size() < shared.size()) shared[rows.size()].what = static_cast<abi::u8>(abi::Collect::nothing);
    ebpf::TestRun once;
    once.repeat = 0;  // the kernel wants it so of this type
    CHECK(result_of(program_.test_run(once)));
    std::ranges::copy(shared.first(rows.size()), rows.begin());
    return {};
}

}  // namespace beeline::kernel
