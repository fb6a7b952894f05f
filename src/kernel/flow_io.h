// One family's flow table, readable in chunks: a seam, so that the collector runs against a fake.
#pragma once
#include <optional>
#include <utility>
#include <vector>

#include "base/result.h"
#include "ebpf/map.h"
#include "kernel/ebpf_result.h"
#include "kernel/family.h"

namespace beeline::kernel {

inline constexpr std::size_t flow_chunk = 4096;  // entries a call, usually

template <class F>
class FlowIo {
public:
    using Key = typename F::FlowKey;
    using Flow = typename F::Flow;
    using Entry = std::pair<Key, Flow>;
    virtual ~FlowIo() = default;
    virtual std::uint32_t max_entries() const = 0;
    // The next entries of a walk, at most a chunk; `last` when the walk is over and the next call starts a new one.
    struct Chunk {
        std::vector<Entry> entries{};
        bool last = false;
    };
    virtual Result<Chunk> next() = 0;
    virtual Result<std::optional<Flow>> lookup(const Key& key) = 0;
};

// Over a map of the kernel.
template <class F>
class EbpfFlowIo : public FlowIo<F> {
public:
    using typename FlowIo<F>::Key;
    using typename FlowIo<F>::Flow;
    using typename FlowIo<F>::Chunk;
    explicit EbpfFlowIo(ebpf::Map<Key, Flow> map, std::size_t chunk = flow_chunk)
        : map_(std::move(map)), keys_(chunk), flows_(chunk) {}
    std::uint32_t max_entries() const override { return map_.info().max_entries; }
    Result<Chunk> next() override;
    Result<std::optional<Flow>> lookup(const Key& key) override { return result_of(map_.lookup(key)); }

private:
    ebpf::Map<Key, Flow> map_;
    ebpf::BatchCursor cursor_{};
    std::vector<Key> keys_;
    std::vector<Flow> flows_;
};

template <class F>
Result<typename EbpfFlowIo<F>::Chunk> EbpfFlowIo<F>::next() {
    auto read = map_.lookup_batch(cursor_, std::span(keys_), std::span(flows_));
    if (!read) {
        cursor_ = {};
        return std::unexpected(result_of(std::move(read)).error());
    }
    Chunk chunk{.last = cursor_.done};
    chunk.entries.reserve(*read);
    for (std::size_t i = 0; i < *read; i++)
        chunk.entries.emplace_back(keys_[i], flows_[i]);
    if (cursor_.done) cursor_ = {};
    return chunk;
}

}  // namespace beeline::kernel
