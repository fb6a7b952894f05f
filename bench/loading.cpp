// What it takes to load the datapath into the kernel: the sets of programs that a node loads by its configuration,
// beside the maps alone. Each round loads every set once, in another order.

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "kernel/object_bytes.h"
#include "kernel/wanted_programs.h"
#include "tests/packet/datapath.h"
#include "tests/packet/must.h"

namespace beeline::kernel {
namespace {

using packet::must;
using Clock = std::chrono::steady_clock;
constexpr std::size_t rounds = 21;

struct Set {
    const char* name;
    bool programs = true;
    Options options{};
    std::size_t loaded = 0;  // programs
    std::vector<double> ms{};
};

std::vector<Set> sets() {
    Options sockets, xdp;
    sockets.cgroup = xdp.cgroup = "/sys/fs/cgroup";
    xdp.xdp = {{"eth0", Xdp::native}};
    return {{"floor: the maps alone", false, {}},
            {"by default", true, {}},
            {"with those of sockets", true, sockets},
            {"with those of XDP, too", true, xdp}};
}

abi::Config configuration() {
    abi::Config config = packet::config({});
    config.host_ifindex = 2;
    config.net_ifindex = 3;
    return config;
}

void load(Set& set) {
    auto object = must(ebpf::Object::open(object_bytes()));
    must(object.set_rodata(configuration(), "bl_config"));
    set.loaded = 0;
    for (const std::string& name : object.program_names()) {
        const bool wanted = set.programs && is_wanted(name, set.options);
        if (!wanted) must(object.skip_program(name));
        set.loaded += wanted;
    }
    for (const std::string& name : object.map_names())
        if (!is_wanted_map(name, set.options)) must(object.skip_map(name));
    const auto begin = Clock::now();
    must(object.load());
    set.ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begin).count());
}

void run(const char* file) {
    std::vector<Set> all = sets();
    for (std::size_t round = 0; round < rounds; round++)
        for (std::size_t i = 0; i < all.size(); i++)
            load(all[(round + i) % all.size()]);
    for (Set& set : all)
        std::ranges::sort(set.ms);
    boost::json::array rows;
    std::printf("%-26s %8s %8s %8s %8s\n", "ms to load", "programs", "min", "median", "floor x");
    for (const Set& set : all) {
        const double min = set.ms.front(), median = set.ms[rounds / 2];
        std::printf("%-26s %8zu %8.1f %8.1f %8.2f\n", set.name, set.loaded, min, median, min / all.front().ms.front());
        rows.push_back(
            {{"name", set.name}, {"programs", set.loaded}, {"min", min}, {"median", median}, {"unit", "ms"}});
    }
    std::ofstream(file) << boost::json::serialize(rows) << "\n";
}

}  // namespace
}  // namespace beeline::kernel

int main(int argc, char** argv) {
    try {
        beeline::kernel::run(argc > 1 ? argv[1] : RESULTS "/loading.json");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "loading: %s\n", error.what());
        return 1;
    }
}
