#include "kernel/ebpf_map_io.h"

#include <fmt/format.h>

#include "ebpf/map.h"
#include "kernel/ebpf_result.h"

namespace beeline::kernel {

Result<> EbpfMapIo::result_of_write(ebpf::Result<void> written) const {
    if (!written && written.error().code == ebpf::Errc::exhausted)
        return fail(Errc::exhausted, fmt::format("{} is full ({} entries)", name_, max_entries()), written.error().sys);
    return result_of(std::move(written));
}

Result<> EbpfMapIo::update(Bytes key, Bytes value) {
    return result_of_write(map_.update(key, value));
}

Result<> EbpfMapIo::update_many(const ManyRows& rows, std::size_t& done) {
    ebpf::Batch batch;
    auto written = map_.update_rows(rows.keys, rows.values, batch);
    done = batch.done;
    return result_of_write(std::move(written));
}

Result<> EbpfMapIo::erase(Bytes key) {
    (void)TRY(result_of(map_.remove(key)));
    return {};
}

Result<bool> EbpfMapIo::lookup(Bytes key, MutableBytes value) {
    return result_of(map_.lookup(key, value));
}

Result<> EbpfMapIo::each(const std::function<void(Bytes, Bytes)>& row) {
    return result_of(ebpf::for_each_row(map_, [&row](Bytes key, Bytes value) {
        row(key, value);
        return true;
    }));
}

}  // namespace beeline::kernel
