// The bytes of the datapath's object, from its skeleton.
#pragma once
#include <cstddef>
#include <span>

namespace beeline::packet {
std::span<const std::byte> datapath_elf();
}
