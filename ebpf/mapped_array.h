// The memory of an array map (BPF_F_MMAPABLE) or of a data section, seen directly: a write is a store, no system call.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "ebpf/raw_map.h"

namespace ebpf {

enum class Access { read_only, read_write };

// The mapping without a type; unmapped when it goes. It keeps the map's memory alive.
class MappedBytes {
public:
    static Result<MappedBytes> map(const RawMap& map, Access access);
    MappedBytes(MappedBytes&& other) noexcept
        : base_(std::exchange(other.base_, nullptr)),
          length_(std::exchange(other.length_, 0)),
          used_(std::exchange(other.used_, 0)) {}
    MappedBytes& operator=(MappedBytes&& other) noexcept;
    MappedBytes(const MappedBytes&) = delete;
    MappedBytes& operator=(const MappedBytes&) = delete;
    ~MappedBytes();
    // All rows, each in a multiple of 8 bytes.
    std::span<std::byte> bytes() const { return {static_cast<std::byte*>(base_), used_}; }

private:
    MappedBytes(void* base, std::size_t length, std::size_t used) : base_(base), length_(length), used_(used) {}
    void* base_ = nullptr;
    std::size_t length_ = 0, used_ = 0;
};

// Distance of two elements of `element` bytes in this map's memory. A map of one row that is a multiple of it (a data
// section that is one array): element itself; else rows of this size, which the kernel pads to 8 bytes. Other sizes
// are Errc::invalid.
Result<std::size_t> mapped_stride(const MapInfo& info, std::size_t element);

// Elements of an array map, or of a data section that is one array (map_array<std::uint32_t>(…) of ".data.epochs").
// V const: read-only, the one way to see a frozen section. Other CPUs see stores as usual: use std::atomic_ref.
template <class V>
class MappedArray {
    static_assert(std::is_trivially_copyable_v<V>);

public:
    static Result<MappedArray> map(const RawMap& map) {
        const std::size_t stride = EBPF_TRY(mapped_stride(map.info(), sizeof(V)));
        constexpr Access access = std::is_const_v<V> ? Access::read_only : Access::read_write;
        return MappedArray(EBPF_TRY(MappedBytes::map(map, access)), stride);
    }
    std::size_t size() const { return bytes_.bytes().size() / stride_; }
    // index < size().
    V& operator[](std::size_t index) const { return *reinterpret_cast<V*>(&bytes_.bytes()[index * stride_]); }
    // All elements. Errc::invalid if the kernel pads them (sizeof(V) is no multiple of 8): use [].
    Result<std::span<V>> span() const {
        if (stride_ != sizeof(V)) return fail(Errc::invalid, "padded rows are no contiguous array of the type");
        return std::span<V>(&(*this)[0], size());
    }

private:
    MappedArray(MappedBytes bytes, std::size_t stride) : bytes_(std::move(bytes)), stride_(stride) {}
    MappedBytes bytes_;
    std::size_t stride_;
};

template <class V>
Result<MappedArray<V>> map_array(const RawMap& map) {
    return MappedArray<V>::map(map);
}

}  // namespace ebpf
