// The ELF bytes of the datapath, out of the generated skeleton.
#pragma once
#include <cstddef>
#include <span>

namespace beeline::kernel {

std::span<const std::byte> object_bytes();

}  // namespace beeline::kernel
