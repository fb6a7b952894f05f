// XDP programs by links. Devices are those of the calling thread's network namespace.
#pragma once
#include <cstdint>
#include <optional>

#include "ebpf/link.h"

namespace ebpf {

enum class XdpMode { native, generic };
const char* xdp_mode_name(XdpMode mode);  // "xdp/native", "xdp/generic"

// Errors: unsupported if the driver has no native mode; exists if another XDP program is there.
Result<Link> attach_xdp(const Program& program, std::uint32_t ifindex, XdpMode mode);

struct XdpEntry {
    std::uint32_t prog_id = 0;
    XdpMode mode = XdpMode::native;
};
// nullopt: none.
Result<std::optional<XdpEntry>> query_xdp(std::uint32_t ifindex);

}  // namespace ebpf
