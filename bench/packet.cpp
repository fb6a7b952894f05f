// Nanoseconds a packet: our paths beside floors, in one process on one CPU, by BPF_PROG_TEST_RUN.
//
// What the driver costs is measured with the program that only returns, in the same round, and taken off (driver.h). A
// round is the best of some runs; min and median are over the rounds. The floor is parse and one lookup in a table of
// its own, as large as ours and with the same keys.
#include <fmt/format.h>
#include <linux/bpf.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <iostream>
#include <limits>

#include "bench/driver.h"
#include "tests/packet/lab.h"

namespace beeline::bench {
namespace {
using namespace packet;
constexpr int rounds = 11, crowd_rounds = 7;
constexpr std::uint32_t told_flows = 200;                           // within the budget of events
constexpr std::uint32_t few_flows = 500, cold_flows = 20000;        // made, or decided again, in one run
constexpr std::uint32_t some_flows = 65536, many_flows = 1u << 19;  // what stands in a crowded table
constexpr std::uint32_t roomy_entries = 262144;
constexpr std::uint32_t no_room_packets = 100000;  // of one run against full tables

// A packet of a flow, and where it comes in. Others of its kind have other ports.
struct Kind {
    const char* name;
    Packet packet;
    abi::Hook hook = abi::Hook::from_container;
};
const std::vector<Kind>& kinds() {
    static const std::vector<Kind> all{
        {"local", tcp(client, web, 0, 100)},
        {"service", tcp(client, vip, 0, 80)},
        {"masqueraded", tcp(client, far, 0, 100)},
        {"from_netdev to container", tcp(far, client, 0, 100), abi::Hook::from_netdev},
    };
    return all;
}

class Bench {
public:
    Bench(Family family, std::uint32_t entries) : driver_(entries), lab_(variant(family, entries)), family_(family) {
        for (std::uint16_t i = 0; i < some_flows / 16384; i++) {  // one port has 16,384 flows
            const auto port = static_cast<std::uint16_t>(80 + i);
            lab_.service({vip, port, abi::proto_tcp}, {{web, static_cast<std::uint16_t>(8000 + port)}}, i);
        }
        lab_.policy(other, {abi::ingress}, {});
        lab_.datapath().set_tcp_budget(std::numeric_limits<std::uint32_t>::max());
    }

    // One flow of each kind, in the tables while they are measured.
    std::vector<Path> standing() {
        std::vector<Path> paths{floor("floor: parse + lookup", tcp(client, web, 4000, 80))};
        const auto add = [&](const char* name, const Packet& p, abi::Hook hook = abi::Hook::from_container) -> Path& {
            return paths.emplace_back(path(name, p, hook, paths.front()));
        };
        add("established local", tcp(client, web, 4000, 80));
        add("established service", tcp(client, vip, 4000, 80));
        add("masqueraded", tcp(client, far, 4000, 80));
        for (const Node& to : {web, vip, far})
            lab_.datapath().run({abi::Hook::from_container, device_of(client)},
                                framed(tcp(client, to, 4000, 80).flags(syn)));
        add("from_netdev to container", tcp(far, node, 80, 4000), abi::Hook::from_netdev);
        const Front front{nobody, 30080, abi::proto_tcp};
        lab_.serve(front, {.inside = {{near, 8080}}, .outside = {{near, 8080}}});
        const Packet asks = tcp(far, node, 4000, 30080);
        lab_.datapath().run({abi::Hook::from_netdev, uplink_device()}, framed(asks.flags(syn)));
        add("node port, backend elsewhere", asks, abi::Hook::from_netdev);
        add("policy drop", tcp(client, other, 4000, 80).flags(syn)).verdict = verdict_drop;
        add_xdp(paths, asks);
        copy_flows();
        return paths;
    }
    // Beside a floor of its own: parse, one lookup, and the Ethernet addresses swapped.
    void add_xdp(std::vector<Path>& paths, const Packet& asks) {
        const Path floor = xdp_floor("floor: XDP parse + lookup + MAC swap", asks);
        const Front front{outside, 80, abi::proto_tcp};
        const auto flags = abi::front_outside | abi::front_direct;
        lab_.serve(front, {.inside = {{friendly, 8080}}, .outside = {{friendly, 8080}}, .flags = flags});
        const Packet led = tcp(far, outside, 4000, 80);
        lab_.datapath().run({abi::Hook::from_netdev, uplink_device()}, framed(led.flags(syn)));
        paths.push_back(floor);
        for (const Path& made : {path("XDP, node port, backend elsewhere", asks, abi::Hook::xdp, floor),
                                 path("XDP, direct server return", led, abi::Hook::xdp, floor)}) {
            paths.push_back(made);
            paths.back().xdp = true;
            paths.back().verdict = XDP_TX;
        }
        paths.back().grows = true;
    }

    // Paths that make flows in empty tables. "Cold": so many that their entries are in no cache.
    std::vector<Path> opening() {
        std::vector<Path> paths{floor("floor: parse + lookup, first packets", tcp(client, web, 4000, 80))};
        const Packet local = tcp(client, web, 0, 82).flags(syn);
        const auto add = [&](const char* name, const Packet& p, std::uint32_t flows) {
            paths.push_back(renewed(path(name, p, abi::Hook::from_container, paths.front()), Before::forget, flows));
        };
        add("first packet", local, few_flows);
        paths.push_back(renewed(path("first packet, with its event", local, abi::Hook::from_container, paths.front()),
                                Before::hear, told_flows));
        add("first packet, service", tcp(client, vip, 0, 80).flags(syn), few_flows);
        add("first packet, udp", udp(client, web, 0, 83), few_flows);
        add("first packet, masqueraded", tcp(client, far, 0, 84).flags(syn), few_flows);
        add("first packet, cold", local, cold_flows);
        add_opening_wire(paths);
        return paths;
    }
    // From outside, to the services of standing(): by tc and by XDP.
    void add_opening_wire(std::vector<Path>& paths) {
        const Packet asks = tcp(far, node, 0, 30080).flags(syn), led = tcp(far, outside, 0, 80).flags(syn);
        const auto add = [&](const char* name, const Packet& p, abi::Hook hook, const Path& floor) {
            paths.push_back(renewed(path(name, p, hook, floor), Before::forget, few_flows));
            paths.back().xdp = hook == abi::Hook::xdp;
            if (paths.back().xdp) paths.back().verdict = XDP_TX;
        };
        add("first packet, node port, backend elsewhere", asks, abi::Hook::from_netdev, Path(paths.front()));
        paths.push_back(xdp_floor("floor: XDP parse + lookup + MAC swap, first packets", tcp(far, node, 4000, 30080)));
        const Path floor = paths.back();
        add("XDP, first packet, node port, backend elsewhere", asks, abi::Hook::xdp, floor);
        add("XDP, first packet, direct server return", led, abi::Hook::xdp, floor);
        paths.back().grows = true;
    }

    // Flows whose decisions are all outdated by one count of the global counter: each packet renews a pair in place.
    std::vector<Path> outdated() {
        forget_flows();
        std::vector<Path> paths{floor("floor: parse + lookup, decided again", tcp(client, web, 4000, 80))};
        for (const Kind& kind : kinds()) {
            const auto name = fmt::format("decided again, {}", kind.name);
            paths.push_back(renewed(path(name, kind.packet, kind.hook, paths.front()), Before::outdate, few_flows));
            open(kind, few_flows);
        }
        prove_renewal(paths);
        return paths;
    }

    // So many flows of one kind, packets of them at random.
    std::vector<Path> crowd(const Kind& kind, std::uint32_t flows) {
        forget_flows();
        const auto name = fmt::format("established {}, {}", kind.name, counted(flows));
        std::vector<Path> paths{floor("floor: " + name, kind.packet)};
        paths.push_back(path(name, kind.packet, kind.hook, paths.front()));
        open(kind, flows);
        if (stamps().size() != 2 * flows) throw std::runtime_error(name + ": not as many flows");
        copy_flows();
        for (Path& p : paths) {
            p.mode = random_flow;
            p.mask = flows - 1;
        }
        return paths;
    }
    // For a crowd that fills the table: all of it decided again, and first packets that find no room in it, nor in
    // the young table unless they push another flow out.
    void add_full_tables(std::vector<Path>& paths, const Kind& kind, std::uint32_t flows) {
        const auto again = fmt::format("decided again, {}, {}", kind.name, counted(flows));
        paths.push_back(renewed(path(again, kind.packet, kind.hook, paths.front()), Before::outdate, flows));
        paths.back().mask = flows - 1;
        prove_renewal(paths);
        Path first = path(fmt::format("first packet, full tables, {}", counted(flows)), kind.packet.flags(syn),
                          kind.hook, paths.front());
        first.mode = next_flow;
        first.packets = no_room_packets;
        first.last = flows;
        const auto before = degraded();
        driver_.drive(first, 2 * flows);
        if (degraded() - before != 2 * flows) throw std::runtime_error("the flow table has room");
        paths.push_back(first);
    }

    void measure(std::vector<Path>& paths, int times, Path& bare) {
        for (int round = 0; round < times; round++)
            for (Path& path : paths) {
                const auto overhead = driver_.overhead_of(path);
                path.rounds.push_back(best(path) - overhead.driver);
                if (!path.xdp) bare.rounds.push_back(overhead.bare);
            }
    }

private:
    static Variant variant(Family family, std::uint32_t entries) {
        Variant v;
        v.family = family;
        v.flow_entries = entries;
        v.xdp = true;
        return v;
    }
    static std::string counted(std::uint32_t flows) {
        return flows < 1000 ? fmt::format("{} flows", flows)
                            : fmt::format("{},{:03} flows", flows / 1000, flows % 1000);
    }

    // At least as long as the driver's template.
    Frame framed(const Packet& p) const { return p.payload(40).frame(family_); }
    Path path(const std::string& name, const Packet& p, abi::Hook hook, const Path& floor) {
        Path made{fmt::format("{} {}", name, family_name(family_)), family_, framed(p), &lab_.datapath().program(hook),
                  floor.name};
        const bool wire = hook == abi::Hook::from_netdev || hook == abi::Hook::xdp;
        made.ifindex = wire ? uplink_device() : device_of(client);
        return made;
    }
    Path floor(const std::string& name, const Packet& p) {
        Path made = path(name, p, abi::Hook::from_container, {});
        made.program = &driver_.program(family_ == Family::v4 ? "floor_lookup4" : "floor_lookup6");
        return made;
    }
    Path xdp_floor(const std::string& name, const Packet& p) {
        Path made = path(name, p, abi::Hook::xdp, {});
        made.program = &driver_.program(family_ == Family::v4 ? "floor_turn4" : "floor_turn6");
        made.xdp = true;
        made.verdict = XDP_TX;
        return made;
    }
    static Path renewed(Path path, Before before, std::uint32_t flows) {
        path.mode = next_flow;
        path.before = before;
        path.packets = flows;
        path.runs = static_cast<int>(std::max(1u, cold_flows / flows));
        return path;
    }

    void open(const Kind& kind, std::uint32_t flows) {
        Path opens = path(fmt::format("{} flows", flows), kind.packet.flags(syn), kind.hook, {});
        opens.mode = next_flow;
        if (std::has_single_bit(flows)) opens.mask = flows - 1;
        driver_.drive(opens, flows);
    }
    double best(Path& path) {
        double best = std::numeric_limits<double>::max();
        for (int run = 0; run < path.runs; run++) {
            prepare(path);
            best = std::min(best, driver_.drive(path, path.packets));
            if (path.before == Before::hear && must(events_.consume()) != path.packets)
                throw std::runtime_error("first packets without an event");
        }
        return best;
    }
    void prepare(Path& path) {
        if (path.before == Before::nothing) return;
        path.last = 0;
        if (path.before == Before::outdate) return lab_.bump_global();
        forget_flows();
        if (path.before == Before::hear) hear();
    }
    void forget_flows() {
        for (const char* table : {"bl_flows", "bl_young"})
            lab_.datapath().empty(std::string(table) + (family_ == Family::v4 ? "4" : "6"));
    }
    // Each run has the whole budget of events, and an empty ring.
    void hear() {
        must(events_.consume());
        const auto scratch = must(lab_.datapath().object().raw_map("bl_scratch"));
        const std::vector<std::byte> nothing((scratch.info().value_size + 7) / 8 * 8 * must(ebpf::possible_cpus()));
        const std::uint32_t only = 0;
        must(scratch.update(ebpf::bytes_of(only), nothing));
    }
    std::uint64_t degraded() {
        const auto counters = must(lab_.datapath().object().per_cpu_map<std::uint32_t, abi::Counter>("bl_counters"));
        std::uint64_t packets = 0;
        const auto cell = abi::counter_index(abi::Reason::degraded, abi::Hook::from_container);
        const auto cpus = must(counters.lookup(cell)).value();
        for (const auto& cpu : cpus)
            packets += cpu.packets;
        return packets;
    }

    // The flow table, whichever family it is of.
    template <class Fn>
    auto with_flows(Fn&& fn) {
        if (family_ == Family::v4)
            return fn(lab_.datapath().map<abi::FlowKey4, abi::Flow4>("bl_flows4"), "floor_flows4");
        return fn(lab_.datapath().map<abi::FlowKey6, abi::Flow6>("bl_flows6"), "floor_flows6");
    }
    std::vector<std::uint32_t> stamps() {
        return with_flows([](const auto& flows, const char*) {
            std::vector<std::uint32_t> all;
            must(flows.for_each([&](const auto&, const auto& flow) { all.push_back(flow.stamp); }));
            return all;
        });
    }
    // Else a "decided again" would be measured that is none.
    void prove_renewal(std::vector<Path>& paths) {
        const auto before = stamps();
        lab_.bump_global();
        for (Path& path : paths)
            if (path.before == Before::outdate) driver_.drive(path, path.packets);
        const auto after = stamps();
        for (std::size_t i = 0; i < before.size(); i++)
            if (before.size() != after.size() || before[i] == after[i]) throw std::runtime_error("not decided again");
    }
    // The floor looks up among the same keys.
    void copy_flows() {
        with_flows([&]<class K, class V>(const ebpf::Map<K, V>& flows, const char* name) {
            const auto floor = must(driver_.object().map<K, V>(name));
            std::vector<K> old;
            must(floor.for_each([&](const K& key, const V&) { old.push_back(key); }));
            must(floor.remove_batch(old));
            must(flows.for_each([&](const K& key, const V& flow) { must(floor.update(key, flow)); }));
        });
    }

    Driver driver_;
    Lab lab_;
    Family family_;
    ebpf::RingBuffer events_ = must(
        ebpf::RingBuffer::open(must(lab_.datapath().object().raw_map("bl_events")), [](std::span<const std::byte>) {}));
};

// Every path of a family; its tables go when it is done.
std::vector<Path> run_family(Family family, Path& bare) {
    std::vector<Path> all;
    const auto measure = [&](Bench& bench, std::vector<Path> paths, int times) {
        bench.measure(paths, times, bare);
        all.insert(all.end(), paths.begin(), paths.end());
    };
    {
        Bench roomy(family, roomy_entries);
        measure(roomy, roomy.standing(), rounds);
        measure(roomy, roomy.opening(), rounds);
        measure(roomy, roomy.outdated(), rounds);
    }
    for (const std::uint32_t flows : {some_flows, many_flows}) {
        Bench full(family, 2 * flows);
        for (const Kind& kind : kinds()) {
            auto paths = full.crowd(kind, flows);
            const bool first = &kind == &kinds().front();
            if (first) full.add_full_tables(paths, kind, flows);
            measure(full, paths, crowd_rounds);
            if (first && flows == many_flows) break;
        }
    }
    return all;
}

int run(const std::string& file) {
    if (!enter_namespace()) return 1;
    std::vector<Path> all{{"floor: tc return", Family::v4, {}, nullptr}};
    for (const Family family : {Family::v4, Family::v6}) {
        const auto paths = run_family(family, all.front());
        all.insert(all.end(), paths.begin(), paths.end());
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
