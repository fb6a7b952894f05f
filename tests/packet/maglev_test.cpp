// Services whose table names a backend for every flow, the same on every node.
#include <algorithm>

#include "tests/packet/lab.h"
#include "tests/packet/wire.h"

namespace beeline::packet {
namespace {
using abi::Reason;

const Front node_port{nobody, 30080, abi::proto_tcp}, node_dns{nobody, 30053, abi::proto_udp};
const Front cluster{vip, 80, abi::proto_tcp};
const Backends three{{web, 8080}, {api, 8080}, {other, 8080}};
constexpr std::uint16_t flows = 60;

using Table = std::vector<std::uint16_t>;
// Two rows of bl_places, the second in part.
Table all(std::uint16_t number) {
    return Table(61, number);
}
Table turns() {
    Table table(61);
    for (std::size_t i = 0; i < table.size(); i++)
        table[i] = static_cast<std::uint16_t>(i % 3);
    return table;
}
Step serves(const Front& front, const Served& served) {
    return change([=](Lab& lab) { lab.serve(front, served); });
}
Served by(const Table& table, const Backends& backends = three) {
    return {.inside = backends,
            .outside = backends,
            .algorithm = abi::Algorithm::maglev,
            .table = table,
            .table_outside = table};
}

// The backend a new connection from this port of `far` gets. A node that has no entry of it knows nothing else.
std::string_view backend_of(Lab& lab, std::uint16_t port, std::uint8_t flags = syn) {
    const Packet in = tcp(far, node, port, 30080).flags(flags);
    const auto out = lab.datapath().run({abi::Hook::from_netdev, uplink_device()},
                                        in.macs(far.gateway, far.mac).frame(lab.family()));
    for (const auto& [backend, to] : three) {
        const Packet want = tcp(far, backend, port, to).flags(flags).ttl(63);
        if (out.frame == want.macs(far.gateway, far.mac).into(backend).frame(lab.family())) return backend.name;
    }
    return "none";
}
std::vector<std::string_view> choices(Lab& lab, const Served& served, std::uint8_t flags = syn) {
    lab.serve(node_port, served);
    std::vector<std::string_view> chosen;
    for (std::uint16_t port = 5000; port < 5000 + flows; port++)
        chosen.push_back(backend_of(lab, port, flags));
    return chosen;
}

TEST_P(Packets, maglev_chooses_the_same_on_every_node_and_after_all_flows_are_forgotten) {
    Lab first(GetParam());
    const auto chosen = choices(first, by(turns()));
    for (const auto& [backend, port] : three)
        EXPECT_GT(std::ranges::count(chosen, backend.name), flows / 10) << backend.name;
    Lab second(GetParam());
    EXPECT_EQ(choices(second, by(turns())), chosen);
    Lab midway(GetParam());
    EXPECT_EQ(choices(midway, by(turns()), ack), chosen) << "in the middle of connections";
}

TEST_P(Packets, maglev_follows_the_table) {
    for (std::uint16_t number = 0; number < 3; number++) {
        Lab lab(GetParam());
        const auto chosen = choices(lab, by(all(number)));
        EXPECT_EQ(std::ranges::count(chosen, three[number].first.name), flows);
    }
    Lab rows(GetParam());
    Table two = all(0);
    std::fill(two.begin() + abi::places_per_row, two.end(), std::uint16_t{1});
    const auto chosen = choices(rows, by(two));
    EXPECT_GT(std::ranges::count(chosen, web.name), flows / 4);
    EXPECT_GT(std::ranges::count(chosen, api.name), flows / 4) << "in the second row";
    Lab none(GetParam());
    EXPECT_EQ(std::ranges::count(choices(none, by(Table(61, 60000))), "none"), 0) << "a number that no backend has";
}

TEST_P(Packets, maglev_with_affinity_takes_all_flows_of_a_client_for_one) {
    Lab first(GetParam());
    Served served = by(turns());
    served.affinity = 100;
    const auto chosen = choices(first, served);
    EXPECT_EQ(std::ranges::count(chosen, chosen[0]), flows);
    for (std::uint16_t port = 5000; port < 5010; port++) {
        Lab second(GetParam());
        second.serve(node_port, served);
        EXPECT_EQ(backend_of(second, port), chosen[0]) << "on another node, which does not know the client";
    }
}

Packet midway(const Packet& p) {
    return p.flags(ack).numbers(7, 99);
}
Step isolate(const Node& n, std::vector<abi::Direction> directions) {
    return change([=](Lab& lab) { lab.policy(n, directions, {{abi::ingress, 0, abi::proto_tcp, 8080, 5}}); });
}

PACKET_ROWS(
    maglev_in_the_middle_of_a_connection,
    {{"that another node has begun, a client from outside goes on, and hears the answers",
      {serves(node_port, by(all(1))),
       arrives(midway(tcp(far, node, 4000, 30080))).to(api, midway(tcp(far, api, 4000, 8080)).ttl(63)).news(),
       sends(api, tcp(api, far, 8080, 4000))
           .leaves(on_wire(tcp(node, far, 30080, 4000)).macs(api.gateway, api.mac).ttl(63)),
       arrives(tcp(far, node, 4000, 30080)).to(api, tcp(far, api, 4000, 8080).ttl(63))}},
     {"a container goes on",
      {serves(cluster, by(all(2))),
       sends(client, midway(tcp(client, vip, 4000, 80)))
           .to(other, midway(tcp(client, other, 4000, 8080)).ttl(63))
           .news(),
       sends(other, tcp(other, client, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63))}},
     {"each kind of clients has its own table",
      {serves(node_port, {.inside = three,
                          .outside = {{api, 8080}, {other, 8080}},
                          .algorithm = abi::Algorithm::maglev,
                          .table = all(0),
                          .table_outside = all(1)}),
       arrives(midway(tcp(far, node, 4000, 30080))).to(other, midway(tcp(far, other, 4000, 8080)).ttl(63)).news(),
       sends(client, midway(tcp(client, node, 4000, 30080)))
           .to(web, midway(tcp(client, web, 4000, 8080)).ttl(63))
           .news()}},
     {"the only backend needs no table",
      {serves(cluster, {.inside = {{web, 8080}}, .outside = {}, .algorithm = abi::Algorithm::maglev}),
       sends(client, midway(tcp(client, vip, 4000, 80))).to(web, midway(tcp(client, web, 4000, 8080)).ttl(63)).news()}},
     {"policy that would have allowed it lets it go on",
      {serves(node_port, by(all(0))), isolate(web, {abi::ingress}),
       arrives(midway(tcp(far, node, 4000, 30080))).to(web, midway(tcp(far, web, 4000, 8080)).ttl(63)).news().rule(5)}},
     {"and where it might be an answer to what was cut, it does not",
      {serves(node_port, by(all(0))), isolate(web, {abi::ingress, abi::egress}),
       arrives(midway(tcp(far, node, 4000, 30080))).dropped(Reason::no_flow)}},
     {"that has lost its backend, it is reset",
      {serves(cluster, by(all(0))),
       sends(client, tcp(client, vip, 4000, 80).flags(syn))
           .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
           .news(),
       change([](Lab& lab) {
           lab.remove_member(cluster, web, 8080);
           lab.serve(cluster, by(all(0), {{api, 8080}, {other, 8080}}));
           lab.remove_endpoint(web);
           lab.bump(web);
       }),
       sends(client, midway(tcp(client, vip, 4000, 80)))
           .refused(Reason::no_flow,
                    tcp(vip, client, 80, 4000).flags(rst).numbers(99, 0).dont_frag().macs(client.mac, client.gateway)),
       sends(client, tcp(client, vip, 4000, 80).flags(syn))
           .to(api, tcp(client, api, 4000, 8080).flags(syn).ttl(63))
           .news()}},
     {"by chance nobody knows its backend: it is reset",
      {serves(cluster, {.inside = three, .outside = three}),
       sends(client, midway(tcp(client, vip, 4000, 80)))
           .refused(
               Reason::no_flow,
               tcp(vip, client, 80, 4000).flags(rst).numbers(99, 0).dont_frag().macs(client.mac, client.gateway))}}});

PACKET_ROWS(maglev_for_datagrams,
            {{"keeps the backend they had until it is no member",
              {serves(node_dns, by(all(0), {{web, 5353}, {api, 5353}})),
               arrives(udp(far, node, 4000, 30053)).to(web, udp(far, web, 4000, 5353).ttl(63)).news(),
               serves(node_dns, by(all(1), {{web, 5353}, {api, 5353}})), change([](Lab& lab) { lab.bump_global(); }),
               arrives(udp(far, node, 4000, 30053)).to(web, udp(far, web, 4000, 5353).ttl(63)),
               arrives(udp(far, node, 4001, 30053)).to(api, udp(far, api, 4001, 5353).ttl(63)).news()}}});

}  // namespace
}  // namespace beeline::packet
