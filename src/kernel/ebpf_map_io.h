// MapIo over a map of the kernel.
#pragma once
#include "ebpf/raw_map.h"
#include "kernel/map_io.h"

namespace beeline::kernel {

class EbpfMapIo : public MapIo {
public:
    // `name` is the whole name; the kernel keeps 15 characters.
    EbpfMapIo(std::string name, ebpf::RawMap map) : name_(std::move(name)), map_(std::move(map)) {}
    const std::string& name() const override { return name_; }
    std::uint32_t max_entries() const override { return map_.info().max_entries; }
    Result<> update(Bytes key, Bytes value) override;
    Result<> update_many(const ManyRows& rows, std::size_t& done) override;
    Result<> erase(Bytes key) override;
    Result<bool> lookup(Bytes key, MutableBytes value) override;
    Result<> each(const std::function<void(Bytes key, Bytes value)>& row) override;
    const ebpf::RawMap& raw() const { return map_; }

private:
    Result<> result_of_write(ebpf::Result<void> written) const;
    std::string name_;
    ebpf::RawMap map_;
};

}  // namespace beeline::kernel
