#include "ebpf/row_walk.h"

#include <algorithm>

namespace ebpf {

namespace {
constexpr std::size_t first_room = 1024;  // rows of a chunk
}

RowWalk::RowWalk(const RawMap& map)
    : map_(map), room_(std::clamp<std::size_t>(map.info().max_entries, 1, first_room)) {}

std::span<const std::byte> RowWalk::key(std::size_t row) const {
    const std::size_t size = map_.info().key_size;
    return std::span(keys_).subspan(row * size, size);
}

std::span<const std::byte> RowWalk::value(std::size_t row) const {
    const std::size_t size = map_.info().row_size();
    return std::span(values_).subspan(row * size, size);
}

Result<bool> RowWalk::next() {
    rows_ = 0;
    while (rows_ == 0 && !cursor_.done) {
        if (batched_)
            EBPF_CHECK(next_batch());
        else
            EBPF_CHECK(next_keys());
    }
    return rows_ > 0;
}

Result<void> RowWalk::next_batch() {
    keys_.resize(room_ * map_.info().key_size);
    values_.resize(room_ * map_.info().row_size());
    auto rows = map_.lookup_batch(cursor_, keys_, values_);
    if (rows) {
        rows_ = *rows;
        return {};
    }
    const Errc code = rows.error().code;
    if (code == Errc::exhausted) {  // a bucket with more rows than there is room
        room_ *= 2;
        return {};
    }
    const bool no_batches = code == Errc::unsupported || rows.error().sys != 0;
    if (cursor_.started || !no_batches || code == Errc::denied) return std::unexpected(std::move(rows).error());
    batched_ = false;
    return {};
}

// All keys first, then the rows: a key deleted in between must not send the walk back to the start.
Result<void> RowWalk::next_keys() {
    const std::size_t key_size = map_.info().key_size;
    const std::size_t row_size = map_.info().row_size();
    std::vector<std::byte> found;
    std::vector<std::byte> key(key_size), last;
    for (std::size_t n = 0; n < map_.info().max_entries && EBPF_TRY(map_.next_key(last, key)); n++) {
        found.insert(found.end(), key.begin(), key.end());
        last = key;
    }
    keys_.clear();
    values_.clear();
    std::vector<std::byte> row(row_size);
    for (std::size_t at = 0; at < found.size(); at += key_size) {
        const auto one = std::span(found).subspan(at, key_size);
        if (!EBPF_TRY(map_.lookup(one, row))) continue;
        keys_.insert(keys_.end(), one.begin(), one.end());
        values_.insert(values_.end(), row.begin(), row.end());
        rows_++;
    }
    cursor_.done = true;
    return {};
}

}  // namespace ebpf
