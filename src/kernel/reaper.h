// Marks and removes pairs of flows where packets do: in the kernel, by bl_collect() (bpf/collect.bpf.cpp). A seam, so
// that the collector runs against a fake.
#pragma once
#include <cstring>
#include <span>

#include "abi/flow_age.h"
#include "base/result.h"
#include "ebpf/mapped_array.h"
#include "ebpf/program.h"

namespace beeline::kernel {

inline abi::Candidate candidate(const abi::FlowKey4& key, abi::Collect what) {
    abi::Candidate row{};
    std::memcpy(&row.key, &key, sizeof key);
    row.family = 4;
    row.what = static_cast<abi::u8>(what);
    return row;
}
inline abi::Candidate candidate(const abi::FlowKey6& key, abi::Collect what) {
    abi::Candidate row{};
    row.key = key;
    row.family = 6;
    row.what = static_cast<abi::u8>(what);
    return row;
}

class Reaper {
public:
    virtual ~Reaper() = default;
    // At most abi::candidate_rows; `marked` and `removed` of each are the answers.
    virtual Result<> run(std::span<abi::Candidate> rows) = 0;
};

class EbpfReaper : public Reaper {
public:
    // `rows`: bl_candidates; `program`: bl_collect.
    static Result<EbpfReaper> open(const ebpf::RawMap& rows, const ebpf::Program& program);
    Result<> run(std::span<abi::Candidate> rows) override;

private:
    EbpfReaper(ebpf::MappedArray<abi::Candidate> rows, ebpf::Program program)
        : rows_(std::move(rows)), program_(std::move(program)) {}
    ebpf::MappedArray<abi::Candidate> rows_;
    ebpf::Program program_;
};

}  // namespace beeline::kernel
