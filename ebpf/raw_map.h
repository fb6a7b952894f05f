// A map as the kernel has it: rows are bytes. Map<K, V> (map.h) puts types on top.
#pragma once
#include <linux/bpf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ebpf/fd.h"

namespace ebpf {

struct MapSpec {
    std::string name;  // at most 15 characters
    std::uint32_t type = BPF_MAP_TYPE_HASH;
    std::uint32_t key_size = 4, value_size = 4, max_entries = 1;
    std::uint32_t flags = 0;  // BPF_F_*
};

struct MapInfo {
    std::uint32_t id = 0;
    std::string name;
    std::uint32_t type = 0;
    std::uint32_t key_size = 0, value_size = 0, max_entries = 0;
    std::uint32_t flags = 0;
    std::uint32_t btf_id = 0;
    bool per_cpu() const;
    // Bytes of one lookup: value_size, or for per-CPU kinds value_size rounded up to 8, once for each possible CPU.
    std::size_t row_size() const;
};

// "hash", "lru_hash", "percpu_array", …, as bpftool prints them; "type 99" for a kind unknown here.
std::string map_type_name(std::uint32_t type);
// CPUs the machine may have: the number of values in a row of a per-CPU map.
Result<std::uint32_t> possible_cpus();

// Where a walk over a map stands. Start with a fresh one; done: nothing is left.
struct BatchCursor {
    std::vector<std::byte> token{};
    bool started = false, done = false;
};

// Progress of a batch write. Rows before `done` are written; after an error `done` is the row that failed, and the same
// call goes on from there.
struct Batch {
    std::size_t done = 0;
};

// Keys and values are spans of exactly key_size and row_size() bytes, or whole multiples in batches; other sizes are
// Errc::invalid.
class RawMap {
public:
    // Takes the handle of a map; Errc::invalid if it is something else.
    static Result<RawMap> from_fd(Fd fd);
    static Result<RawMap> from_pin(const std::string& path);
    static Result<RawMap> from_id(std::uint32_t id);
    static Result<RawMap> create(const MapSpec& spec);

    int fd() const { return fd_.get(); }
    const MapInfo& info() const { return info_; }
    // Bytes the kernel accounts for the map.
    Result<std::uint64_t> memlock() const;
    // Errc::exists if there is something at path.
    Result<void> pin(const std::string& path) const;
    Result<RawMap> duplicate() const;

    // false: no such row.
    Result<bool> lookup(std::span<const std::byte> key, std::span<std::byte> value) const;
    // flags: BPF_ANY, BPF_NOEXIST (Errc::exists), BPF_EXIST (Errc::not_found).
    Result<void> update(std::span<const std::byte> key, std::span<const std::byte> value,
                        std::uint64_t flags = BPF_ANY) const;
    // false: there was none.
    Result<bool> remove(std::span<const std::byte> key) const;
    // Lookup and removal in one step: queues, stacks, hashes. false: no such row, or empty.
    Result<bool> take(std::span<const std::byte> key, std::span<std::byte> value) const;
    // The first key for an empty `key`, else the one after it; false: no more.
    Result<bool> next_key(std::span<const std::byte> key, std::span<std::byte> next) const;

    // Up to keys.size() / key_size rows; returns how many. A walk sees every row that stays from its start to its end;
    // rows that come or go meanwhile may be seen or not. Errors: exhausted if the next hash bucket has more rows
    // than there is room (nothing is consumed; ask again with more).
    Result<std::size_t> lookup_batch(BatchCursor& cursor, std::span<std::byte> keys, std::span<std::byte> values) const;
    Result<void> update_batch(std::span<const std::byte> keys, std::span<const std::byte> values, Batch& batch) const;
    // The same, also where the kernel has no batches for this kind: row by row.
    Result<void> update_rows(std::span<const std::byte> keys, std::span<const std::byte> values, Batch& batch) const;
    // Rows that are not there are skipped; returns how many were removed.
    Result<std::size_t> remove_batch(std::span<const std::byte> keys) const;

private:
    RawMap(Fd fd, MapInfo info) : fd_(std::move(fd)), info_(std::move(info)) {}
    std::string label() const;  // "map 'bl_flows4'"
    Result<void> check(std::span<const std::byte> key, std::size_t value) const;
    Fd fd_;
    MapInfo info_;
};

}  // namespace ebpf
