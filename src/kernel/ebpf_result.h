// The ebpf library's results as ours: result_of(call) for TRY and CHECK.
#pragma once
#include "base/result.h"
#include "ebpf/result.h"

namespace beeline::kernel {

inline Errc errc_of(ebpf::Errc code) {
    switch (code) {
        case ebpf::Errc::invalid:
            return Errc::invalid;
        case ebpf::Errc::not_found:
            return Errc::not_found;
        case ebpf::Errc::exists:
            return Errc::exists;
        case ebpf::Errc::exhausted:
            return Errc::exhausted;
        case ebpf::Errc::unsupported:
            return Errc::unsupported;
        case ebpf::Errc::denied:
        case ebpf::Errc::verifier:
        case ebpf::Errc::kernel:
            break;
    }
    return Errc::kernel;
}

template <class T>
Result<T> result_of(ebpf::Result<T> result) {
    if (!result) {
        auto& error = result.error();
        return std::unexpected(Error{errc_of(error.code), std::move(error.what), error.sys, std::move(error.log)});
    }
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

}  // namespace beeline::kernel
