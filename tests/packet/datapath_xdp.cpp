#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>

#include "tests/packet/datapath.h"
#include "tests/packet/family.h"

namespace beeline::packet {

// As the driver would: a frame that bl_xdp lets pass is for tc to see, as it came. One that is turned round has left
// with Ethernet addresses that tc leaves to the kernel, and without a mark.
std::optional<Outcome> Datapath::turn_round(const Arrival& arrival, const Frame& frame) {
    if (!variant_.xdp || arrival.hook != abi::Hook::from_netdev || frame.size() < 14 || frame.size() > 3000)
        return std::nullopt;
    xdp_md ctx{};
    ctx.data_end = static_cast<std::uint32_t>(frame.size());
    ctx.ingress_ifindex = arrival.ifindex;
    ebpf::TestRun run;
    run.data_in = std::as_bytes(std::span(frame));
    run.ctx_in = std::as_bytes(std::span(&ctx, 1));
    const auto result = must(program(abi::Hook::xdp).test_run(run));
    Outcome out;
    out.xdp = static_cast<int>(result.retval);
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(result.data_out.data());
    out.frame.assign(bytes, bytes + result.data_out.size());
    if (out.xdp == XDP_PASS) {
        EXPECT_EQ(out.frame, frame) << "passed on, but changed";
        return std::nullopt;
    }
    out.verdict = verdict_redirect;
    out.mark = arrival.mark | mark_bit;
    for (std::size_t i = 0; i < 12; i++)
        std::swap(out.frame[i], out.macs[i / 6][i % 6]);
    std::copy_n(frame.begin(), 12, out.frame.begin());
    return out;
}

}  // namespace beeline::packet
