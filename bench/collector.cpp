// What the flow collector costs: a table of a million entries, all alive; all over (marked, then removed). The time of
// a step is what the agent's loop stands still.

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <numeric>

#include "ebpf/object.h"
#include "kernel/collector.h"
#include "tests/packet/elf.h"
#include "tests/packet/must.h"

namespace beeline::kernel {
namespace {

using packet::must;
using Clock = std::chrono::steady_clock;
constexpr std::uint32_t flows = 500'000, entries = 1u << 20;
constexpr std::uint32_t hour = 10'000;  // flow time

struct Rows {
    std::vector<abi::FlowKey4> keys{};
    std::vector<abi::Flow4> values{};
};
struct Kind {
    abi::u8 proto;
    std::uint32_t last;
};

void add_pair(std::uint32_t n, Kind kind, Rows& rows) {
    abi::FlowKey4 key{.saddr = {n}, .daddr = {~n}, .sport = 1, .dport = 2, .proto = kind.proto, .zone = 0, .pad = 0};
    abi::Flow4 flow{};
    flow.saddr = key.saddr;
    flow.daddr = key.daddr;
    flow.sport = key.sport;
    flow.dport = key.dport;
    flow.stamp = 1000;
    flow.deliver = static_cast<abi::u8>(abi::Deliver::peer);
    flow.in_if = 1 + n % 100;
    flow.last = kind.last;
    flow.tcp = abi::tcp_ack;
    rows.keys.push_back(key);
    rows.values.push_back(flow);
    const abi::FlowKey4 twin = abi::reply_key(key, flow);
    std::swap(flow.saddr, flow.daddr);
    std::swap(flow.sport, flow.dport);
    flow.flags = abi::flow_reply;
    rows.keys.push_back(twin);
    rows.values.push_back(flow);
}

struct Sweep {
    std::vector<double> steps_ms{};
    std::size_t seen = 0, marked = 0, removed = 0;
};
Sweep sweep(Collector<V4>& collector, std::uint32_t now) {
    Sweep all;
    for (bool finished = false; !finished;) {
        const auto begin = Clock::now();
        const auto step = collector.step(now).value();
        all.steps_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
        finished = step.finished;
        all.seen = step.seen;
        all.marked = step.marked;
        all.removed = step.removed;
    }
    return all;
}
// A line on the terminal, and a row of results/collector.json.
void print(const char* what, Sweep all, boost::json::array& rows) {
    std::ranges::sort(all.steps_ms);
    const auto& ms = all.steps_ms;
    const double sum = std::accumulate(ms.begin(), ms.end(), 0.0);
    std::printf("%-50s %9zu seen %9zu marked %9zu removed %5zu steps %8.1f ms   step: %5.2f median %5.2f max\n", what,
                all.seen, all.marked, all.removed, ms.size(), sum, ms[ms.size() / 2], ms.back());
    rows.push_back({{"name", what}, {"sweep", sum}, {"step", ms[ms.size() / 2]}, {"max", ms.back()}, {"unit", "ms"}});
}

void fill(const ebpf::Map<abi::FlowKey4, abi::Flow4>& map, Kind kind) {
    Rows rows;
    for (std::uint32_t n = 0; n < flows; n++)
        add_pair(n, kind, rows);
    must(map.update_batch(rows.keys, rows.values));
}
void empty(const ebpf::Map<abi::FlowKey4, abi::Flow4>& map) {
    std::vector<abi::FlowKey4> keys;
    must(map.for_each([&](const abi::FlowKey4& key, const abi::Flow4&) { keys.push_back(key); }));
    must(map.remove_batch(keys));
}

void run() {
    auto object = must(ebpf::Object::open(packet::datapath_elf()));
    abi::Config config{};
    config.timeout_udp = config.timeout_udp_replied = config.timeout_tcp_closing = 1000;
    config.timeout_tcp = config.timeout_tcp_syn = 10 * hour;
    must(object.set_rodata(config, "bl_config"));
    must(object.set_max_entries("bl_flows4", entries));
    for (const auto& name : object.program_names())
        if (name != "bl_collect") must(object.skip_program(name));
    must(object.load());
    const auto map = must(ebpf::Map<abi::FlowKey4, abi::Flow4>::from_raw(must(object.raw_map("bl_flows4"))));
    EbpfFlowIo<V4> io(must(ebpf::Map<abi::FlowKey4, abi::Flow4>::from_raw(must(object.raw_map("bl_flows4")))));
    auto reaper = EbpfReaper::open(must(object.raw_map("bl_candidates")), must(object.program("bl_collect"))).value();
    // The kernel's clock is its own: "long ago" and "just now" by it.
    const auto now = static_cast<std::uint32_t>(
        (std::chrono::duration_cast<std::chrono::seconds>(Clock::now().time_since_epoch()).count() * 250 + (1ll << 32) -
         300 * 250) >>
        6);
    Collector<V4> collector(io, reaper, timeouts_of(config));
    boost::json::array rows;
    fill(map, {abi::proto_udp, now});
    print("flows heard of just now", sweep(collector, now), rows);
    print("pairs that are all looked at again in the kernel", sweep(collector, now + hour), rows);
    fill(map, {abi::proto_udp, now - hour});
    print("pairs that are all over: marking", sweep(collector, now), rows);
    print("pairs that are all over: removing", sweep(collector, now), rows);
    empty(map);
    fill(map, {abi::proto_tcp, now - hour});
    print("idle TCP connections", sweep(collector, now), rows);
    std::ofstream(RESULTS "/collector.json") << boost::json::serialize(rows) << "\n";
}

}  // namespace
}  // namespace beeline::kernel

int main() {
    beeline::kernel::run();
}
