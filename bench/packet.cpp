// Nanoseconds a packet: our paths beside two floors, in one process on one CPU, by BPF_PROG_TEST_RUN.
//
// How it is measured. A test run hands the same packet to the program `repeat` times, as the last run left it; so each
// run goes through a driver (floor.bpf.cpp) that writes the packet's headers afresh, for many flows with another
// source port, and tail-calls the program. What the driver costs is measured with the program that only returns, in the
// same round, and taken off. A round is the best of some runs; min and median are over the rounds. Time is the CPU time
// of this thread, so that what else the machine does counts as little as it can.
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <numeric>

#include "tests/packet/lab.h"

namespace beeline::bench {
namespace {
using namespace packet;
constexpr std::uint32_t run_packets = 500000;  // of one test run
constexpr int rounds = 15;
constexpr std::uint32_t flows = 65536;
constexpr std::uint32_t few_flows = 500, many_flows = 20000;  // new in one run, in empty tables
constexpr std::uint32_t table_entries = 262144;

enum Mode : std::uint32_t { same_flow = 0, random_flow = 1, next_flow = 2 };  // as in floor.bpf.cpp

template <class T>
T must(ebpf::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().what);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double cpu_ns() {
    timespec t{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
}

const char* family_name(Family family) {
    return family == Family::v4 ? "v4" : "v6";
}

// A program as it is measured: which frame, which flows.
struct Path {
    std::string name;
    Family family;
    Frame frame;
    Mode mode = same_flow;
    const ebpf::Program* program = nullptr;
    int verdict = verdict_redirect;
    std::string floor{};          // name of the path it is compared with
    std::uint32_t new_flows = 0;  // of one run, in empty tables
    std::vector<double> rounds{};
};

class Driver {
public:
    Driver()
        : object_(must(ebpf::Object::open(FLOOR_OBJECT))),
          loaded_((must(object_.load()), true)),
          frame_(must(ebpf::map_array<std::uint64_t>(must(object_.raw_map(".data.frame"))))),
          state_(must(ebpf::map_array<std::uint32_t>(must(object_.raw_map(".data.state"))))),
          target_(must(object_.raw_map("target"))) {
        for (const char* name : {"floor_return", "floor_lookup4", "floor_lookup6", "drive4", "drive6"})
            programs_.emplace(name, must(object_.program(name)));
    }
    const ebpf::Program& program(const std::string& name) const { return programs_.at(name); }
    const ebpf::Object& object() const { return object_; }

    void aim(const Path& path) {
        std::memcpy(&frame_[0], path.frame.data(), frame_.size() * sizeof(std::uint64_t));
        state_[0] = path.mode;
        state_[1] = path.mode == random_flow ? 2463534242 : 0;
        const std::uint32_t index = 0, fd = static_cast<std::uint32_t>(path.program->fd());
        must(target_.update(ebpf::bytes_of(index), ebpf::bytes_of(fd)));
    }
    // ns a packet, through the driver.
    double drive(const Path& path, std::uint32_t packets) const {
        return time(program(path.family == Family::v4 ? "drive4" : "drive6"), path, packets);
    }
    static double time(const ebpf::Program& program, const Path& path, std::uint32_t packets) {
        __sk_buff ctx{};
        ctx.ifindex = device_of(client);
        ebpf::TestRun run;
        run.data_in = std::as_bytes(std::span(path.frame));
        run.ctx_in = std::as_bytes(std::span(&ctx, 1));
        run.repeat = packets;
        const double start = cpu_ns();
        const auto result = must(program.test_run(run));
        const double taken = cpu_ns() - start;
        if (static_cast<int>(result.retval) != path.verdict)
            throw std::runtime_error(path.name + ": verdict " + std::to_string(static_cast<int>(result.retval)));
        return taken / packets;
    }

private:
    ebpf::Object object_;
    bool loaded_;
    ebpf::MappedArray<std::uint64_t> frame_;
    ebpf::MappedArray<std::uint32_t> state_;
    ebpf::RawMap target_;
    std::map<std::string, ebpf::Program> programs_;
};

// At least as long as the driver's template.
Frame framed(const Packet& p, Family family) {
    return p.payload(40).frame(family);
}

class Bench {
public:
    explicit Bench(Family family) : lab_(variant(family)), family_(family) {
        lab_.service({vip, 80, abi::proto_tcp}, {{web, 8080}});
        lab_.policy(other, {abi::ingress}, {});
        lab_.datapath().set_tcp_budget(std::numeric_limits<std::uint32_t>::max());
    }

    // The paths whose flows stand in the tables while they are measured.
    std::vector<Path> standing(Driver& driver) {
        const auto& ours = lab_.datapath().program(abi::Hook::from_container);
        const auto& floor = driver.program(family_ == Family::v4 ? "floor_lookup4" : "floor_lookup6");
        const std::string lookup = named("floor: parse + lookup"),
                          lookups = named("floor: parse + lookup, 65,536 flows");
        std::vector<Path> paths{
            {lookup, family_, framed(tcp(client, web, 4000, 80), family_), same_flow, &floor},
            {named("established local"), family_, framed(tcp(client, web, 4000, 80), family_), same_flow, &ours,
             verdict_redirect, lookup},
            {named("established service"), family_, framed(tcp(client, vip, 4000, 80), family_), same_flow, &ours,
             verdict_redirect, lookup},
            {named("masqueraded"), family_, framed(tcp(client, far, 4000, 80), family_), same_flow, &ours,
             verdict_redirect, lookup},
            {named("from_netdev to container"), family_, framed(tcp(far, node, 80, 4000), family_), same_flow,
             &lab_.datapath().program(abi::Hook::from_netdev), verdict_redirect, lookup},
            {named("policy drop"), family_, framed(tcp(client, other, 4000, 80).flags(syn), family_), same_flow, &ours,
             verdict_drop, lookup},
            {lookups, family_, framed(tcp(client, web, 0, 81), family_), random_flow, &floor},
            {named("established local, 65,536 flows"), family_, framed(tcp(client, web, 0, 81), family_), random_flow,
             &ours, verdict_redirect, lookups},
        };
        open_flows(driver, ours);
        return paths;
    }

    // The paths that make flows; tables are emptied before each run. "Cold": so many that their entries are in no
    // cache.
    std::vector<Path> opening() {
        const auto& ours = lab_.datapath().program(abi::Hook::from_container);
        const Packet local = tcp(client, web, 0, 82).flags(syn), service = tcp(client, vip, 0, 80).flags(syn),
                     datagram = udp(client, web, 0, 83), masked = tcp(client, far, 0, 84).flags(syn);
        std::vector<Path> paths;
        const auto add = [&](const char* name, const Packet& p, std::uint32_t new_flows) {
            paths.push_back({named(name), family_, framed(p, family_), next_flow, &ours, verdict_redirect,
                             named("floor: parse + lookup"), new_flows});
        };
        add("first packet", local, few_flows);
        add("first packet, service", service, few_flows);
        add("first packet, udp", datagram, few_flows);
        add("first packet, masqueraded", masked, few_flows);
        add("first packet, cold", local, many_flows);
        return paths;
    }
    void forget_flows() {
        for (const char* table : {"bl_flows", "bl_young"})
            lab_.datapath().empty(std::string(table) + (family_ == Family::v4 ? "4" : "6"));
    }

private:
    static Variant variant(Family family) {
        Variant v;
        v.family = family;
        v.flow_entries = table_entries;
        return v;
    }
    std::string named(const char* path) const { return fmt::format("{} {}", path, family_name(family_)); }

    void open_flows(Driver& driver, const ebpf::Program& ours) {
        for (const Node& to : {web, vip, far}) {
            const Frame opening = framed(tcp(client, to, 4000, 80).flags(syn), family_);
            lab_.datapath().run({abi::Hook::from_container, device_of(client)}, opening);
        }
        Path path{"open", family_, framed(tcp(client, web, 0, 81).flags(syn), family_), next_flow, &ours};
        driver.aim(path);
        driver.drive(path, flows);
        copy_flows(driver);
    }
    // The floor looks up among as many keys.
    void copy_flows(const Driver& driver) {
        if (family_ == Family::v4)
            copy<abi::FlowKey4, abi::Flow4>(driver, "4");
        else
            copy<abi::FlowKey6, abi::Flow6>(driver, "6");
    }
    template <class K, class V>
    void copy(const Driver& driver, const std::string& family) {
        const auto to = must(driver.object().map<K, V>("floor_flows" + family));
        const auto rows = must(lab_.datapath().map<K, V>("bl_flows" + family).rows());
        if (rows.size() < 2 * flows) throw std::runtime_error(fmt::format("only {} entries", rows.size()));
        for (const auto& [key, flow] : rows)
            must(to.update(key, flow));
    }

    Lab lab_;
    Family family_;
};

// What the driver itself costs with this path's frame and flows; and, as a row, what the bare return costs.
struct Overhead {
    double driver, bare;
};
Overhead overhead_of(Driver& driver, const Path& path) {
    Path returns = path;
    returns.program = &driver.program("floor_return");
    returns.verdict = verdict_redirect;
    driver.aim(returns);
    const double bare = Driver::time(*returns.program, returns, run_packets);
    return {driver.drive(returns, run_packets) - bare, bare};
}

void measure_standing(Driver& driver, std::vector<Path>& paths, Path& bare) {
    for (Path& path : paths) {
        const Overhead overhead = overhead_of(driver, path);
        driver.aim(path);
        path.rounds.push_back(driver.drive(path, run_packets) - overhead.driver);
        bare.rounds.push_back(overhead.bare);
    }
}

void measure_opening(Driver& driver, Bench& bench, std::vector<Path>& paths) {
    for (Path& path : paths) {
        const Overhead overhead = overhead_of(driver, path);
        double best = std::numeric_limits<double>::max();
        for (std::uint32_t packets = 0; packets < many_flows; packets += path.new_flows) {
            bench.forget_flows();
            driver.aim(path);
            best = std::min(best, driver.drive(path, path.new_flows));
        }
        path.rounds.push_back(best - overhead.driver);
    }
}

double min_of(const std::vector<double>& values) {
    return *std::min_element(values.begin(), values.end());
}
double median_of(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

// Rounds side by side: what slows one path of a round down slows its floor too.
std::vector<double> ratios(const Path& path, const Path& floor) {
    std::vector<double> values;
    values.reserve(path.rounds.size());
    for (std::size_t i = 0; i < path.rounds.size(); i++)
        values.push_back(path.rounds[i] / floor.rounds[i]);
    return values;
}

void print(const std::vector<Path>& paths) {
    std::cout << fmt::format("\n{:42}{:>10}{:>10}{:>22}{:>10}\n", "ns a packet", "min", "median",
                             "x its floor, of mins", "median");
    for (const Path& p : paths) {
        std::cout << fmt::format("{:42}{:10.1f}{:10.1f}", p.name, min_of(p.rounds), median_of(p.rounds));
        const auto floor = std::find_if(paths.begin(), paths.end(), [&](const Path& f) { return f.name == p.floor; });
        if (floor != paths.end())
            std::cout << fmt::format("{:22.2f}{:10.2f}", min_of(p.rounds) / min_of(floor->rounds),
                                     median_of(ratios(p, *floor)));
        std::cout << "\n";
    }
}

void save(const std::vector<Path>& paths, const std::string& file) {
    boost::json::array rows;
    for (const Path& p : paths)
        rows.push_back(
            {{"name", p.name}, {"min", min_of(p.rounds)}, {"median", median_of(p.rounds)}, {"unit", "ns/packet"}});
    std::ofstream(file) << boost::json::serialize(rows) << "\n";
}

int run(const std::string& file) {
    if (!enter_namespace()) return 1;
    Driver driver;
    std::vector<Path> all{{"floor: tc return", Family::v4, {}}};
    for (const Family family : {Family::v4, Family::v6}) {
        Bench bench(family);
        auto standing = bench.standing(driver);
        for (int round = 0; round < rounds; round++)
            measure_standing(driver, standing, all.front());
        auto opening = bench.opening();
        for (int round = 0; round < rounds; round++)
            measure_opening(driver, bench, opening);
        all.insert(all.end(), standing.begin(), standing.end());
        all.insert(all.end(), opening.begin(), opening.end());
    }
    print(all);
    save(all, file);
    return 0;
}
}  // namespace
}  // namespace beeline::bench

int main(int argc, char** argv) {
    if (::geteuid() != 0) {
        std::cerr << "the packet bench loads programs and needs root\n";
        return 77;
    }
    try {
        return beeline::bench::run(argc > 1 ? argv[1] : RESULTS "/packet.json");
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
}
