// Typed maps: Map<K, V>, PerCpuMap<K, V>, Queue<V>. Sizes are checked once, when the map is taken.
#pragma once
#include <array>
#include <cstring>
#include <optional>
#include <type_traits>
#include <utility>

#include "ebpf/mapped_array.h"
#include "ebpf/raw_map.h"
#include "ebpf/row_walk.h"

namespace ebpf {

// Errc::invalid if the map has other sizes than the types; key_size 0 for queues.
Result<void> check_sizes(const MapInfo& info, std::size_t key_size, std::size_t value_size);
Result<void> check_per_cpu(const MapInfo& info, bool wanted);
// Errc::invalid unless there is one value for each possible CPU.
Result<void> check_cpus(const MapInfo& info, std::size_t given);

template <class T>
std::span<const std::byte> bytes_of(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::as_bytes(std::span<const T, 1>(&value, 1));
}
template <class T>
std::span<std::byte> writable_bytes_of(T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    return std::as_writable_bytes(std::span<T, 1>(&value, 1));
}

template <class K, class V>
class Map {
public:
    using Row = std::pair<K, V>;

    static Result<Map> from_raw(RawMap raw) {
        EBPF_CHECK(check_per_cpu(raw.info(), false));
        EBPF_CHECK(check_sizes(raw.info(), sizeof(K), sizeof(V)));
        return Map(std::move(raw));
    }
    static Result<Map> from_fd(Fd fd) { return from_raw(EBPF_TRY(RawMap::from_fd(std::move(fd)))); }
    static Result<Map> from_pin(const std::string& path) { return from_raw(EBPF_TRY(RawMap::from_pin(path))); }
    static Result<Map> from_id(std::uint32_t id) { return from_raw(EBPF_TRY(RawMap::from_id(id))); }
    // key_size and value_size of the spec are replaced by those of the types.
    static Result<Map> create(MapSpec spec) {
        spec.key_size = sizeof(K);
        spec.value_size = sizeof(V);
        return from_raw(EBPF_TRY(RawMap::create(spec)));
    }

    const RawMap& raw() const { return raw_; }
    const MapInfo& info() const { return raw_.info(); }
    int fd() const { return raw_.fd(); }
    Result<void> pin(const std::string& path) const { return raw_.pin(path); }

    // nullopt: no such row.
    Result<std::optional<V>> lookup(const K& key) const {
        V value{};
        if (!EBPF_TRY(raw_.lookup(bytes_of(key), writable_bytes_of(value)))) return std::nullopt;
        return value;
    }
    Result<void> update(const K& key, const V& value, std::uint64_t flags = BPF_ANY) const {
        return raw_.update(bytes_of(key), bytes_of(value), flags);
    }
    // false: there was none.
    Result<bool> remove(const K& key) const { return raw_.remove(bytes_of(key)); }

    // fn(const K&, const V&), returning void or bool (false stops).
    template <class F>
    Result<void> for_each(F&& fn) const;
    // All rows, in the kernel's order.
    Result<std::vector<Row>> rows() const {
        std::vector<Row> all;
        EBPF_CHECK(for_each([&](const K& key, const V& value) { all.emplace_back(key, value); }));
        return all;
    }

    // One step of a walk; see RawMap::lookup_batch. keys and values have one length.
    Result<std::size_t> lookup_batch(BatchCursor& cursor, std::span<K> keys, std::span<V> values) const {
        return raw_.lookup_batch(cursor, std::as_writable_bytes(keys), std::as_writable_bytes(values));
    }
    Result<void> update_batch(std::span<const K> keys, std::span<const V> values, Batch& batch) const {
        return raw_.update_batch(std::as_bytes(keys), std::as_bytes(values), batch);
    }
    Result<void> update_batch(std::span<const K> keys, std::span<const V> values) const {
        Batch batch;
        return update_batch(keys, values, batch);
    }
    // Rows that are not there are skipped; returns how many were removed.
    Result<std::size_t> remove_batch(std::span<const K> keys) const { return raw_.remove_batch(std::as_bytes(keys)); }

    // Arrays with BPF_F_MMAPABLE only.
    Result<MappedArray<V>> mmap() const { return MappedArray<V>::map(raw_); }

private:
    explicit Map(RawMap raw) : raw_(std::move(raw)) {}
    RawMap raw_;
};

// One value for each possible CPU.
template <class K, class V>
class PerCpuMap {
public:
    static Result<PerCpuMap> from_raw(RawMap raw) {
        EBPF_CHECK(check_per_cpu(raw.info(), true));
        EBPF_CHECK(check_sizes(raw.info(), sizeof(K), sizeof(V)));
        return PerCpuMap(std::move(raw));
    }
    static Result<PerCpuMap> from_pin(const std::string& path) { return from_raw(EBPF_TRY(RawMap::from_pin(path))); }
    static Result<PerCpuMap> create(MapSpec spec) {
        spec.key_size = sizeof(K);
        spec.value_size = sizeof(V);
        return from_raw(EBPF_TRY(RawMap::create(spec)));
    }

    const RawMap& raw() const { return raw_; }
    const MapInfo& info() const { return raw_.info(); }
    int fd() const { return raw_.fd(); }
    Result<void> pin(const std::string& path) const { return raw_.pin(path); }

    // Values by CPU number; nullopt: no such row.
    Result<std::optional<std::vector<V>>> lookup(const K& key) const {
        std::vector<std::byte> row(info().row_size());
        if (!EBPF_TRY(raw_.lookup(bytes_of(key), row))) return std::nullopt;
        return unpack(row);
    }
    // values: one for each possible CPU.
    Result<void> update(const K& key, std::span<const V> values, std::uint64_t flags = BPF_ANY) const;
    Result<bool> remove(const K& key) const { return raw_.remove(bytes_of(key)); }
    // fn(const K&, const std::vector<V>&), returning void or bool (false stops).
    template <class F>
    Result<void> for_each(F&& fn) const;

private:
    static constexpr std::size_t stride = (sizeof(V) + 7) / 8 * 8;
    explicit PerCpuMap(RawMap raw) : raw_(std::move(raw)) {}
    static std::vector<V> unpack(std::span<const std::byte> row);
    RawMap raw_;
};

// BPF_MAP_TYPE_QUEUE (first in, first out) and BPF_MAP_TYPE_STACK.
template <class V>
class Queue {
public:
    static Result<Queue> from_raw(RawMap raw) {
        EBPF_CHECK(check_sizes(raw.info(), 0, sizeof(V)));
        return Queue(std::move(raw));
    }
    static Result<Queue> from_pin(const std::string& path) { return from_raw(EBPF_TRY(RawMap::from_pin(path))); }
    static Result<Queue> create(MapSpec spec) {
        spec.key_size = 0;
        spec.value_size = sizeof(V);
        return from_raw(EBPF_TRY(RawMap::create(spec)));
    }
    const RawMap& raw() const { return raw_; }
    const MapInfo& info() const { return raw_.info(); }
    int fd() const { return raw_.fd(); }
    Result<void> pin(const std::string& path) const { return raw_.pin(path); }

    // Errc::exhausted if it is full; BPF_EXIST drops the oldest instead.
    Result<void> push(const V& value, std::uint64_t flags = BPF_ANY) const {
        return raw_.update({}, bytes_of(value), flags);
    }
    // nullopt: empty.
    Result<std::optional<V>> pop() const {
        V value{};
        if (!EBPF_TRY(raw_.take({}, writable_bytes_of(value)))) return std::nullopt;
        return value;
    }
    Result<std::optional<V>> peek() const {
        V value{};
        if (!EBPF_TRY(raw_.lookup({}, writable_bytes_of(value)))) return std::nullopt;
        return value;
    }

private:
    explicit Queue(RawMap raw) : raw_(std::move(raw)) {}
    RawMap raw_;
};

template <class K, class V>
template <class F>
Result<void> Map<K, V>::for_each(F&& fn) const {
    return for_each_row(raw_, [&](std::span<const std::byte> key, std::span<const std::byte> value) {
        return goes_on(fn, value_of<K>(key), value_of<V>(value));
    });
}

template <class K, class V>
template <class F>
Result<void> PerCpuMap<K, V>::for_each(F&& fn) const {
    return for_each_row(raw_, [&](std::span<const std::byte> key, std::span<const std::byte> row) {
        return goes_on(fn, value_of<K>(key), unpack(row));
    });
}

template <class K, class V>
std::vector<V> PerCpuMap<K, V>::unpack(std::span<const std::byte> row) {
    std::vector<V> values;
    values.reserve(row.size() / stride);
    for (std::size_t at = 0; at < row.size(); at += stride)
        values.push_back(value_of<V>(row.subspan(at)));
    return values;
}

template <class K, class V>
Result<void> PerCpuMap<K, V>::update(const K& key, std::span<const V> values, std::uint64_t flags) const {
    EBPF_CHECK(check_cpus(info(), values.size()));
    std::vector<std::byte> row(info().row_size());
    for (std::size_t cpu = 0; cpu < values.size(); cpu++)
        std::memcpy(&row[cpu * stride], &values[cpu], sizeof(V));
    return raw_.update(bytes_of(key), row, flags);
}

}  // namespace ebpf
