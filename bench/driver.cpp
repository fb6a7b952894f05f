#include "bench/driver.h"

#include <linux/bpf.h>
#include <time.h>

#include <algorithm>
#include <cstring>

namespace beeline::bench {
namespace {

double cpu_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

double time(const ebpf::Program& program, const Path& path, std::uint32_t packets) {
    __sk_buff skb{};
    skb.ifindex = path.ifindex;
    xdp_md xdp{};
    xdp.data_end = static_cast<std::uint32_t>(path.frame.size());
    xdp.ingress_ifindex = path.ifindex;
    ebpf::TestRun run;
    run.data_in = std::as_bytes(std::span(path.frame));
    run.ctx_in = path.xdp ? std::as_bytes(std::span(&xdp, 1)) : std::as_bytes(std::span(&skb, 1));
    run.repeat = packets;
    const double start = cpu_ns();
    const auto result = must(program.test_run(run));
    const double taken = cpu_ns() - start;
    if (static_cast<int>(result.retval) != path.verdict)
        throw std::runtime_error(path.name + ": verdict " + std::to_string(static_cast<int>(result.retval)));
    return taken / packets;
}

ebpf::Object load(std::uint32_t entries) {
    auto object = must(ebpf::Object::open(FLOOR_OBJECT));
    for (const char* table : {"floor_flows4", "floor_flows6"})
        must(object.set_max_entries(table, entries));
    must(object.load());
    return object;
}
}  // namespace

Driver::Driver(std::uint32_t entries)
    : object_(load(entries)),
      frame_(must(ebpf::map_array<std::uint64_t>(must(object_.raw_map(".data.frame"))))),
      state_(must(ebpf::map_array<std::uint32_t>(must(object_.raw_map(".data.state"))))),
      target_(must(object_.raw_map("target"))),
      target_xdp_(must(object_.raw_map("target_xdp"))) {
    for (const char* name : {"floor_return", "floor_lookup4", "floor_lookup6", "drive4", "drive6", "xdp_return",
                             "xdp_longer", "floor_turn4", "floor_turn6", "drive_xdp4", "drive_xdp6"})
        programs_.emplace(name, must(object_.program(name)));
}

double Driver::drive(Path& path, std::uint32_t packets) const {
    std::memcpy(&frame_[0], path.frame.data(), frame_.size() * sizeof(std::uint64_t));
    state_[0] = path.mode;
    state_[1] = path.mode == random_flow && path.last == 0 ? 2463534242 : path.last;
    state_[2] = path.mask;
    state_[3] = static_cast<std::uint32_t>(path.frame.size());
    const std::uint32_t index = 0, fd = static_cast<std::uint32_t>(path.program->fd());
    must((path.xdp ? target_xdp_ : target_).update(ebpf::bytes_of(index), ebpf::bytes_of(fd)));
    const bool v4 = path.family == packet::Family::v4;
    const char* driver = path.xdp ? (v4 ? "drive_xdp4" : "drive_xdp6") : v4 ? "drive4" : "drive6";
    const double taken = time(program(driver), path, packets);
    path.last = state_[1];
    return taken;
}

// As many packets: what a test run costs once counts with few of them.
double Driver::best_of(Path& path) const {
    double best = drive(path, path.packets);
    for (int run = 1; run < path.runs; run++)
        best = std::min(best, drive(path, path.packets));
    return best;
}

Driver::Overhead Driver::overhead_of(const Path& path) const {
    Path returns = path;
    returns.program = &program(path.xdp ? "xdp_return" : "floor_return");
    returns.verdict = path.xdp ? int{XDP_TX} : packet::verdict_redirect;
    const double bare = time(*returns.program, returns, run_packets);
    double driver = best_of(returns);
    if (path.grows) {  // to put something in front and to take it off is the same helper: half is the driver's
        returns.program = &program("xdp_longer");
        driver = (driver + best_of(returns)) / 2;
    }
    return {driver - bare, bare};
}

}  // namespace beeline::bench
