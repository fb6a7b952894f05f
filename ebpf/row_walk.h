// A walk over all rows of a map, as bytes.
#pragma once
#include <concepts>
#include <cstring>
#include <functional>
#include <type_traits>

#include "ebpf/raw_map.h"

namespace ebpf {

// Rows of a walk, a chunk at a time; grows the chunk when a bucket does not fit.
class RowWalk {
public:
    explicit RowWalk(const RawMap& map);
    // The next chunk; false: no more.
    Result<bool> next();
    std::size_t size() const { return rows_; }
    std::span<const std::byte> key(std::size_t row) const;
    std::span<const std::byte> value(std::size_t row) const;

private:
    Result<void> next_batch();
    Result<void> next_keys();
    const RawMap& map_;
    BatchCursor cursor_{};
    std::vector<std::byte> keys_{}, values_{};
    std::size_t rows_ = 0, room_ = 0;
    bool batched_ = true;
};

// Calls fn(key bytes, row bytes) for every row until it returns false. In batches where the kernel has them for this
// kind, else key by key; tolerates rows deleted meanwhile, by fn or by others.
template <class F>
    requires std::predicate<F&, std::span<const std::byte>, std::span<const std::byte>>
Result<void> for_each_row(const RawMap& map, F&& fn) {
    RowWalk walk(map);
    while (EBPF_TRY(walk.next())) {
        for (std::size_t row = 0; row < walk.size(); row++)
            if (!fn(walk.key(row), walk.value(row))) return {};
    }
    return {};
}

// fn's answer, true where it has none.
template <class F, class... Args>
bool goes_on(F& fn, const Args&... args) {
    if constexpr (std::is_void_v<std::invoke_result_t<F&, const Args&...>>) {
        fn(args...);
        return true;
    } else {
        return fn(args...);
    }
}

template <class T>
T value_of(std::span<const std::byte> bytes) {
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
}

}  // namespace ebpf
