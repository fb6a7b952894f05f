#include "kernel/object_bytes.h"

#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdlib>

#include "abi/maps.h"
#include "abi/socket_end.h"

// The skeleton knows no namespaces: its struct has the name of ours, and its fields have types of abi/.
namespace skeleton {
using namespace ::beeline::abi;
#include <beeline.skel.h>
#include <beeline_sockets.skel.h>
}  // namespace skeleton

namespace beeline::kernel {

std::span<const std::byte> object_bytes() {
    std::size_t size = 0;
    const void* bytes = skeleton::beeline::elf_bytes(&size);
    return {static_cast<const std::byte*>(bytes), size};
}

std::span<const std::byte> socket_end_bytes() {
    std::size_t size = 0;
    const void* bytes = skeleton::beeline_sockets::elf_bytes(&size);
    return {static_cast<const std::byte*>(bytes), size};
}

}  // namespace beeline::kernel
