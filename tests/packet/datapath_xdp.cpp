#include <gtest/gtest.h>
#include <linux/bpf.h>

#include <algorithm>

#include "tests/packet/datapath.h"
#include "tests/packet/family.h"

namespace beeline::packet {

constexpr std::uint32_t neighbour_rows = 1024;  // as in bpf/lib/scratch.h

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

void Datapath::forget_neighbours() const {
    zero("bl_neighbours", neighbour_rows);
}

void Datapath::age_neighbours(std::uint32_t units) const {
    constexpr std::size_t row_words = 12, time = 6, told = 7;  // Neighbour, in bpf/lib/scratch.h
    const auto raw = must(object_.raw_map("bl_neighbours"));
    std::vector<std::uint32_t> rows(row_words * must(ebpf::possible_cpus()));
    for (std::uint32_t index = 0; index < neighbour_rows; index++) {
        must(raw.lookup(std::as_bytes(std::span(&index, 1)), std::as_writable_bytes(std::span(rows))));
        for (std::size_t row = 0; row < rows.size(); row += row_words)
            if (rows[row + told] != 0) rows[row + told] -= units, rows[row + time]--;
        must(raw.update(std::as_bytes(std::span(&index, 1)), std::as_bytes(std::span(rows))));
    }
}

}  // namespace beeline::packet
