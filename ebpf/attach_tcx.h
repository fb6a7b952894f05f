// tc programs by TCX links (Linux 6.6). Devices are those of the calling thread's network namespace.
#pragma once
#include <cstdint>
#include <vector>

#include "ebpf/link.h"

namespace ebpf {

enum class TcxHook : std::uint32_t { ingress = 46, egress = 47 };  // BPF_TCX_INGRESS, BPF_TCX_EGRESS
const char* tcx_hook_name(TcxHook hook);                           // "tcx/ingress", "tcx/egress"

enum class TcxPlace { last, first };  // among programs that are there already

// Errc::unsupported on kernels without TCX.
Result<Link> attach_tcx(const Program& program, std::uint32_t ifindex, TcxHook hook, TcxPlace place = TcxPlace::last);

struct TcxEntry {
    std::uint32_t prog_id = 0;
    std::uint32_t link_id = 0;  // 0: attached without a link
};
// In the order they run.
Result<std::vector<TcxEntry>> query_tcx(std::uint32_t ifindex, TcxHook hook);

}  // namespace ebpf
