#include "ebpf/raw_map.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "ebpf/pin.h"

namespace ebpf {

namespace {
Result<MapInfo> read_info(int fd) {
    bpf_map_info raw{};
    std::uint32_t length = sizeof(raw);
    if (bpf_obj_get_info_by_fd(fd, &raw, &length))
        return fail_sys("info of map descriptor " + std::to_string(fd), errno);
    MapInfo info;
    info.id = raw.id;
    info.name = std::string(raw.name, ::strnlen(raw.name, sizeof(raw.name)));
    info.type = raw.type;
    info.key_size = raw.key_size;
    info.value_size = raw.value_size;
    info.max_entries = raw.max_entries;
    info.flags = raw.map_flags;
    info.btf_id = raw.btf_id;
    return info;
}

const void* or_null(std::span<const std::byte> bytes) {
    return bytes.empty() ? nullptr : bytes.data();
}

std::unexpected<Error> wrong_size(const std::string& what, std::size_t wanted, std::size_t given) {
    return fail(Errc::invalid, what + " has " + std::to_string(wanted) + " bytes, not " + std::to_string(given));
}

// The number of rows in two spans of whole rows.
Result<std::size_t> count_rows(const MapInfo& info, std::size_t keys, std::size_t values) {
    if (info.key_size == 0) return fail(Errc::invalid, "map '" + info.name + "' has no keys: no batches");
    const std::size_t rows = keys / info.key_size;
    if (rows * info.key_size != keys) return wrong_size("map '" + info.name + "': a key", info.key_size, keys);
    if (rows * info.row_size() != values)
        return wrong_size("map '" + info.name + "': " + std::to_string(rows) + " rows", rows * info.row_size(), values);
    return rows;
}
}  // namespace

bool MapInfo::per_cpu() const {
    return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY ||
           type == BPF_MAP_TYPE_LRU_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE;
}

std::size_t MapInfo::row_size() const {
    if (!per_cpu()) return value_size;
    return (value_size + std::size_t{7}) / 8 * 8 * possible_cpus().value_or(1);
}

std::string map_type_name(std::uint32_t type) {
    const char* name = libbpf_bpf_map_type_str(static_cast<bpf_map_type>(type));
    return name ? name : "type " + std::to_string(type);
}

Result<std::uint32_t> possible_cpus() {
    const int count = libbpf_num_possible_cpus();  // read once by libbpf
    if (count < 0) return fail_sys("number of possible CPUs", count);
    return static_cast<std::uint32_t>(count);
}

Result<RawMap> RawMap::from_fd(Fd fd) {
    EBPF_CHECK(require_kind(fd.get(), FdKind::map));
    MapInfo info = EBPF_TRY(read_info(fd.get()));
    return RawMap(std::move(fd), std::move(info));
}

Result<RawMap> RawMap::from_pin(const std::string& path) {
    Fd fd(bpf_obj_get(path.c_str()));
    if (!fd.valid()) return fail_sys("map pinned at " + path, errno);
    return from_fd(std::move(fd));
}

Result<RawMap> RawMap::from_id(std::uint32_t id) {
    Fd fd(bpf_map_get_fd_by_id(id));
    if (!fd.valid()) return fail_sys("map " + std::to_string(id), errno);
    return from_fd(std::move(fd));
}

Result<RawMap> RawMap::create(const MapSpec& spec) {
    if (spec.name.size() >= BPF_OBJ_NAME_LEN)
        return fail(Errc::invalid, "map name '" + spec.name + "' is longer than 15 characters");
    bpf_map_create_opts opts{};
    opts.sz = sizeof(opts);
    opts.map_flags = spec.flags;
    Fd fd(bpf_map_create(static_cast<bpf_map_type>(spec.type), spec.name.empty() ? nullptr : spec.name.c_str(),
                         spec.key_size, spec.value_size, spec.max_entries, &opts));
    if (!fd.valid()) return fail_sys("create " + map_type_name(spec.type) + " map '" + spec.name + "'", errno);
    return from_fd(std::move(fd));
}

std::string RawMap::label() const {
    return "map '" + info_.name + "'";
}

Result<std::uint64_t> RawMap::memlock() const {
    std::ifstream file("/proc/self/fdinfo/" + std::to_string(fd()));
    for (std::string word; file >> word;) {
        std::uint64_t bytes = 0;
        if (word == "memlock:" && file >> bytes) return bytes;
    }
    return fail(Errc::unsupported, label() + ": /proc/self/fdinfo has no memlock");
}

Result<void> RawMap::pin(const std::string& path) const {
    return pin_fd(fd(), path);
}

Result<RawMap> RawMap::duplicate() const {
    return RawMap(EBPF_TRY(Fd::duplicate(fd())), info_);
}

Result<void> RawMap::check(std::span<const std::byte> key, std::size_t value) const {
    if (key.size() != info_.key_size) return wrong_size(label() + ": a key", info_.key_size, key.size());
    if (value != info_.row_size()) return wrong_size(label() + ": a value", info_.row_size(), value);
    return {};
}

Result<bool> RawMap::lookup(std::span<const std::byte> key, std::span<std::byte> value) const {
    EBPF_CHECK(check(key, value.size()));
    if (!bpf_map_lookup_elem(fd(), or_null(key), value.data())) return true;
    if (errno == ENOENT) return false;
    return fail_sys(label() + ": lookup", errno);
}

Result<void> RawMap::update(std::span<const std::byte> key, std::span<const std::byte> value,
                            std::uint64_t flags) const {
    EBPF_CHECK(check(key, value.size()));
    if (!bpf_map_update_elem(fd(), or_null(key), value.data(), flags)) return {};
    return fail_sys(label() + ": update", errno);
}

Result<bool> RawMap::remove(std::span<const std::byte> key) const {
    EBPF_CHECK(check(key, info_.row_size()));
    if (!bpf_map_delete_elem(fd(), key.data())) return true;
    if (errno == ENOENT) return false;
    return fail_sys(label() + ": delete", errno);
}

Result<bool> RawMap::take(std::span<const std::byte> key, std::span<std::byte> value) const {
    EBPF_CHECK(check(key, value.size()));
    if (!bpf_map_lookup_and_delete_elem(fd(), or_null(key), value.data())) return true;
    if (errno == ENOENT) return false;
    return fail_sys(label() + ": lookup and delete", errno);
}

Result<bool> RawMap::next_key(std::span<const std::byte> key, std::span<std::byte> next) const {
    if (!key.empty()) EBPF_CHECK(check(key, info_.row_size()));
    EBPF_CHECK(check(next, info_.row_size()));
    if (!bpf_map_get_next_key(fd(), or_null(key), next.data())) return true;
    if (errno == ENOENT) return false;
    return fail_sys(label() + ": next key", errno);
}

Result<std::size_t> RawMap::lookup_batch(BatchCursor& cursor, std::span<std::byte> keys,
                                         std::span<std::byte> values) const {
    const std::size_t room = EBPF_TRY(count_rows(info_, keys.size(), values.size()));
    if (cursor.done) return 0;
    if (room == 0) return fail(Errc::invalid, label() + ": batch lookup without room for a row");
    auto count = static_cast<std::uint32_t>(room);
    // The kernel's token is a bucket number for hashes, a key for other kinds.
    std::vector<std::byte> token(std::max<std::size_t>(info_.key_size, sizeof(std::uint32_t)));
    void* in = cursor.started ? cursor.token.data() : nullptr;
    const int err = bpf_map_lookup_batch(fd(), in, token.data(), keys.data(), values.data(), &count, nullptr);
    if (err && errno != ENOENT) return fail_sys(label() + ": batch lookup", errno);
    cursor.done = err != 0;
    cursor.started = true;
    cursor.token = std::move(token);
    return count;
}

Result<void> RawMap::update_batch(std::span<const std::byte> keys, std::span<const std::byte> values,
                                  Batch& batch) const {
    const std::size_t rows = EBPF_TRY(count_rows(info_, keys.size(), values.size()));
    if (batch.done >= rows) return {};
    auto count = static_cast<std::uint32_t>(rows - batch.done);
    const int err = bpf_map_update_batch(fd(), &keys[batch.done * info_.key_size],
                                         &values[batch.done * info_.row_size()], &count, nullptr);
    const int sys = err ? errno : 0;
    // Where the command itself is refused, the kernel leaves count as it was.
    if (!err || count < rows - batch.done) batch.done += count;
    if (err) return fail_sys(label() + ": batch update, row " + std::to_string(batch.done), sys);
    return {};
}

Result<void> RawMap::update_rows(std::span<const std::byte> keys, std::span<const std::byte> values,
                                 Batch& batch) const {
    auto written = update_batch(keys, values, batch);
    // EINVAL: a kernel that does not know the command, before 5.6; or the row's own, which it will say again.
    if (written || (written.error().code != Errc::unsupported && written.error().sys != EINVAL)) return written;
    const std::size_t key_size = info_.key_size, value_size = info_.row_size();
    for (; batch.done * key_size < keys.size(); batch.done++)
        EBPF_CHECK(
            update(keys.subspan(batch.done * key_size, key_size), values.subspan(batch.done * value_size, value_size)));
    return {};
}

Result<std::size_t> RawMap::remove_batch(std::span<const std::byte> keys) const {
    const std::size_t row_count = info_.key_size ? keys.size() / info_.key_size : 0;
    const std::size_t rows = EBPF_TRY(count_rows(info_, keys.size(), row_count * info_.row_size()));
    std::size_t removed = 0;
    for (std::size_t row = 0; row < rows;) {
        auto count = static_cast<std::uint32_t>(rows - row);
        const bool all = bpf_map_delete_batch(fd(), &keys[row * info_.key_size], &count, nullptr) == 0;
        if (!all && (errno != ENOENT || count >= rows - row)) return fail_sys(label() + ": batch delete", errno);
        removed += count;
        row += count + (all ? 0 : 1);  // the row at which it stopped is not there
    }
    return removed;
}

}  // namespace ebpf
