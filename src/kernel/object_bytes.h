// The ELF bytes of the datapath and of what ends sockets, out of the generated skeletons.
#pragma once
#include <cstddef>
#include <span>

namespace beeline::kernel {

std::span<const std::byte> object_bytes();
std::span<const std::byte> socket_end_bytes();

}  // namespace beeline::kernel
