// A map as bytes: all that application and inspection need of the kernel, so that both run against a fake.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace beeline::kernel {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Keys one behind the other, and as many values; at least one row.
struct ManyRows {
    Bytes keys, values;
    std::size_t count = 0;
};

// Keys and values have exactly the map's sizes. Errors name the map: exhausted when it is full, kernel otherwise.
class MapIo {
public:
    virtual ~MapIo() = default;
    virtual const std::string& name() const = 0;
    virtual std::uint32_t max_entries() const = 0;
    virtual Result<> update(Bytes key, Bytes value) = 0;
    // In their order, by one system call where the kernel can. `done`: how many are written, the first ones; also on
    // error.
    virtual Result<> update_many(const ManyRows& rows, std::size_t& done) = 0;
    virtual Result<> erase(Bytes key) = 0;                           // an absent key is fine
    virtual Result<bool> lookup(Bytes key, MutableBytes value) = 0;  // false: no such key
    // Rows in no order. Rows written meanwhile may be missing.
    virtual Result<> each(const std::function<void(Bytes key, Bytes value)>& row) = 0;
};

template <class T>
Bytes bytes_of(const T& value) {
    return std::as_bytes(std::span(&value, 1));
}
template <class T>
MutableBytes writable_bytes_of(T& value) {
    return std::as_writable_bytes(std::span(&value, 1));
}
template <class Key, class Row>
Result<> update_many(MapIo& io, const std::vector<Key>& keys, const std::vector<Row>& rows, std::size_t& done) {
    done = 0;
    if (keys.empty()) return {};
    return io.update_many({std::as_bytes(std::span(keys)), std::as_bytes(std::span(rows)), keys.size()}, done);
}
// Rows of an array, from `first` on.
template <class Row>
Result<> update_range(MapIo& io, std::uint32_t first, const std::vector<Row>& rows) {
    std::vector<std::uint32_t> indices(rows.size());
    std::iota(indices.begin(), indices.end(), first);
    std::size_t done = 0;
    return update_many(io, indices, rows, done);
}

}  // namespace beeline::kernel
