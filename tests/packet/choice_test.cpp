// How new flows spread over the backends, algorithm by algorithm.
#include <array>
#include <cstring>
#include <numeric>
#include <vector>

#include "kernel/maglev.h"
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {

using abi::Algorithm;
const Front node_port{nobody, 30080, abi::proto_tcp}, cluster{vip, 80, abi::proto_tcp};
const Backends three{{web, 8080}, {api, 8080}, {other, 8080}};
const std::vector<std::uint16_t> equal{1, 1, 1}, weights{1, 2, 3};
using Counts = std::array<unsigned, 3>;

Served by(Algorithm algorithm, const std::vector<std::uint16_t>& weighing = equal) {
    Served served{.inside = three, .outside = three, .algorithm = algorithm};
    served.weights = weighing;
    if (weighing != equal) served.table = served.table_outside = kernel::turns_of(weighing);
    return served;
}

// The container that a packet was given to.
std::size_t receiver(const Frame& frame) {
    for (std::size_t i = 0; i < three.size(); i++)
        if (std::memcmp(frame.data(), three[i].first.mac.data(), 6) == 0) return i;
    ADD_FAILURE() << "it went to none of them";
    return 0;
}

// New connections of a client from outside, each from a port of its own.
Counts connections(Lab& lab, unsigned count, std::uint16_t first_port = 2000) {
    Counts counts{};
    for (unsigned i = 0; i < count; i++) {
        const Packet in = tcp(far, node, static_cast<std::uint16_t>(first_port + i), 30080).flags(syn);
        const auto out = lab.datapath().run({abi::Hook::from_netdev, uplink_device()},
                                            in.macs(far.gateway, far.mac).frame(lab.family()));
        counts.at(receiver(out.frame))++;
    }
    return counts;
}

// Pearson's, with two degrees of freedom: above 27.6 once in a million runs.
double chi_square(const Counts& counts, const std::vector<std::uint16_t>& weighing) {
    const double all = std::accumulate(counts.begin(), counts.end(), 0.0);
    const double sum = std::accumulate(weighing.begin(), weighing.end(), 0.0);
    double distance = 0;
    for (std::size_t i = 0; i < counts.size(); i++) {
        const double expected = all * weighing[i] / sum;
        distance += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    return distance;
}
constexpr double most = 27.6;
constexpr unsigned flows = 1500;

class Choice : public testing::TestWithParam<Family> {};

TEST_P(Choice, at_random_is_even_or_by_weight) {
    for (const auto& weighing : {equal, weights}) {
        Lab lab({.family = GetParam()});
        lab.serve(node_port, by(Algorithm::random, weighing));
        const Counts counts = connections(lab, flows);
        EXPECT_LT(chi_square(counts, weighing), most) << counts[0] << " " << counts[1] << " " << counts[2];
        EXPECT_GT(chi_square(counts, weighing == equal ? weights : equal), most) << "the test can tell";
    }
}

TEST_P(Choice, by_turns_is_exactly_even_or_by_weight) {
    Lab lab({.family = GetParam()});
    lab.serve(node_port, by(Algorithm::round_robin));
    EXPECT_EQ(connections(lab, 300), (Counts{100, 100, 100}));
    Lab weighed({.family = GetParam()});
    weighed.serve(node_port, by(Algorithm::round_robin, weights));
    EXPECT_EQ(connections(weighed, 300), (Counts{50, 100, 150}));
}

TEST_P(Choice, by_connections_fills_up_who_has_fewest_for_its_weight) {
    Lab lab({.family = GetParam()});
    Served served = by(Algorithm::least_connections);
    served.loads = {100, 0, 50};
    lab.serve(node_port, served);
    EXPECT_EQ(connections(lab, 150), (Counts{0, 100, 50})) << "until all have 100";
    EXPECT_EQ(connections(lab, 300, 5000), (Counts{100, 100, 100}));
    Lab weighed({.family = GetParam()});
    served = by(Algorithm::least_connections, weights);
    served.table = served.table_outside = {};
    weighed.serve(node_port, served);
    EXPECT_EQ(connections(weighed, 300), (Counts{50, 100, 150}));
}

TEST_P(Choice, by_maglev_is_even_or_by_weight) {
    for (const auto& weighing : {equal, weights}) {
        std::vector<plan::Backend> backends;
        for (std::size_t i = 0; i < three.size(); i++)
            backends.push_back(
                {parse_addr("10.244.0." + std::to_string(i + 1)).value(), Port{8080}, false, weighing[i]});
        Lab lab({.family = GetParam()});
        Served served = by(Algorithm::maglev, weighing);
        served.table = served.table_outside = kernel::maglev_table(backends).value();
        lab.serve(node_port, served);
        const Counts counts = connections(lab, flows);
        EXPECT_LT(chi_square(counts, weighing), most) << counts[0] << " " << counts[1] << " " << counts[2];
    }
}

INSTANTIATE_TEST_SUITE_P(Families, Choice, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

PACKET_ROWS(choice_by_turns, {{"goes on with the next, for containers too",
                               {change([](Lab& lab) { lab.serve(cluster, by(Algorithm::round_robin)); }),
                                sends(client, tcp(client, vip, 4000, 80).flags(syn))
                                    .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
                                    .news(),
                                sends(client, tcp(client, vip, 4001, 80).flags(syn))
                                    .to(api, tcp(client, api, 4001, 8080).flags(syn).ttl(63))
                                    .news(),
                                sends(client, tcp(client, vip, 4000, 80)).to(web, tcp(client, web, 4000, 8080).ttl(63)),
                                sends(client, tcp(client, vip, 4002, 80).flags(syn))
                                    .to(other, tcp(client, other, 4002, 8080).flags(syn).ttl(63))
                                    .news()}}});

}  // namespace
}  // namespace beeline::packet
