// A map as bytes: all that application and inspection need of the kernel, so that both run against a fake.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/result.h"

namespace beeline::kernel {

using Bytes = std::span<const std::byte>;
using MutableBytes = std::span<std::byte>;

// Keys and values have exactly the map's sizes. Errors name the map: exhausted when it is full, kernel otherwise.
class MapIo {
public:
    virtual ~MapIo() = default;
    virtual const std::string& name() const = 0;
    virtual std::uint32_t max_entries() const = 0;
    virtual Result<> update(Bytes key, Bytes value) = 0;
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

}  // namespace beeline::kernel
