#include "ebpf/mapped_array.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>

namespace ebpf {

namespace {
constexpr std::size_t rounded(std::size_t bytes, std::size_t unit) {
    return (bytes + unit - 1) / unit * unit;
}

std::size_t used_bytes(const MapInfo& info) {
    if (info.max_entries == 1) return info.value_size;
    return rounded(info.value_size, 8) * info.max_entries;
}
}  // namespace

Result<std::size_t> mapped_stride(const MapInfo& info, std::size_t element) {
    if (info.value_size == element) return info.max_entries == 1 ? element : rounded(element, 8);
    if (info.max_entries == 1 && info.value_size % element == 0) return element;
    return fail(Errc::invalid, "map '" + info.name + "' has " + std::to_string(info.max_entries) + " rows of " +
                                   std::to_string(info.value_size) + " bytes, the elements have " +
                                   std::to_string(element));
}

Result<MappedBytes> MappedBytes::map(const RawMap& map, Access access) {
    const MapInfo& info = map.info();
    if (info.type != BPF_MAP_TYPE_ARRAY || !(info.flags & BPF_F_MMAPABLE))
        return fail(Errc::invalid, "map '" + info.name + "' is no array with BPF_F_MMAPABLE");
    const std::size_t used = used_bytes(info);
    const std::size_t length = rounded(used, static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    const int protection = access == Access::read_only ? PROT_READ : PROT_READ | PROT_WRITE;
    void* base = ::mmap(nullptr, length, protection, MAP_SHARED, map.fd(), 0);
    if (base == MAP_FAILED) return fail_sys("map '" + info.name + "': mmap", errno);
    return MappedBytes(base, length, used);
}

MappedBytes& MappedBytes::operator=(MappedBytes&& other) noexcept {
    if (this != &other) {
        if (base_) ::munmap(base_, length_);
        base_ = std::exchange(other.base_, nullptr);
        length_ = std::exchange(other.length_, 0);
        used_ = std::exchange(other.used_, 0);
    }
    return *this;
}

MappedBytes::~MappedBytes() {
    if (base_) ::munmap(base_, length_);
}

}  // namespace ebpf
