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

// Words of the rows that bpf/lib/scratch.h declares.
void Datapath::age_neighbours(std::uint32_t units) const {
    constexpr std::size_t time = 6, told = 7;
    for_each_row("bl_neighbours", [&](std::span<std::uint32_t> row) {
        if (row[told] != 0) row[told] -= units, row[time]--;
    });
}

void Datapath::age_ways() const {
    constexpr std::size_t time = 10;
    for_each_row("bl_ways", [](std::span<std::uint32_t> row) { row[time]--; });
}

// Of a per-CPU array of words.
void Datapath::for_each_row(const char* map, const std::function<void(std::span<std::uint32_t>)>& change) const {
    const auto raw = must(object_.raw_map(map));
    const std::size_t words = raw.info().value_size / sizeof(std::uint32_t);
    std::vector<std::uint32_t> rows(words * must(ebpf::possible_cpus()));
    for (std::uint32_t index = 0; index < raw.info().max_entries; index++) {
        must(raw.lookup(std::as_bytes(std::span(&index, 1)), std::as_writable_bytes(std::span(rows))));
        for (std::size_t row = 0; row < rows.size(); row += words)
            change(std::span(rows).subspan(row, words));
        must(raw.update(std::as_bytes(std::span(&index, 1)), std::as_bytes(std::span(rows))));
    }
}

}  // namespace beeline::packet
