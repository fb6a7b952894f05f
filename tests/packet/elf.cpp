#include "tests/packet/elf.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdlib>

#include "abi/config.h"

// The skeleton knows no namespaces: its struct has the name of ours, and its fields have types of abi/.
namespace skeleton {
using namespace ::beeline::abi;
#include <beeline.skel.h>
}  // namespace skeleton

namespace beeline::packet {
std::span<const std::byte> datapath_elf() {
    std::size_t size = 0;
    const void* bytes = skeleton::beeline::elf_bytes(&size);
    return {static_cast<const std::byte*>(bytes), size};
}
}  // namespace beeline::packet
