// For tests and benches: what must not fail.
#pragma once
#include <stdexcept>

#include "ebpf/result.h"

namespace beeline::packet {

template <class T>
T must(ebpf::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().what);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace beeline::packet
