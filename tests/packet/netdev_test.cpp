// The node's own devices: what arrives for containers, what is the host's, and the way by the host's stack.
#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "tests/packet/lab.h"
#include "tests/packet/wire.h"

namespace beeline::packet {
namespace {
using abi::Reason;

PACKET_ROWS(
    from_the_wire,
    {
        {"the world speaks to a container, and is answered by the way it came",
         {arrives(tcp(far, web, 4000, 80).flags(syn)).to(web, tcp(far, web, 4000, 80).flags(syn).ttl(63)).news(),
          sends(web, tcp(web, far, 80, 4000).flags(syn | ack))
              .leaves(tcp(web, far, 80, 4000).macs(web.gateway, web.mac).flags(syn | ack).ttl(63)),
          arrives(tcp(far, web, 4000, 80)).to(web, tcp(far, web, 4000, 80).ttl(63))}},
        {"cut by policy and allowed again, it is answered by the way it came",
         {arrives(tcp(far, web, 4000, 80).flags(syn)).to(web, tcp(far, web, 4000, 80).flags(syn).ttl(63)).news(),
          change([](Lab& lab) {
              lab.policy(web, {abi::ingress}, {});
              lab.bump(web);
          }),
          arrives(tcp(far, web, 4000, 80)).dropped(Reason::policy_denied_ingress), change([](Lab& lab) {
              lab.endpoint(web);
              lab.bump(web);
          }),
          sends(web, tcp(web, far, 80, 4000))
              .leaves(tcp(web, far, 80, 4000).macs(web.gateway, web.mac).ttl(63))
              .news()}},
        {"a reset that policy let through again ends nothing",
         {sends(web, tcp(web, friendly, 4000, 80))
              .leaves(tcp(web, friendly, 4000, 80).macs(web.gateway, web.mac).ttl(63))
              .news(),
          change([](Lab& lab) { lab.policy(web, {abi::egress}, {}), lab.bump(web); }),
          sends(web, tcp(web, friendly, 4000, 80)).dropped(Reason::policy_denied_egress),
          change([](Lab& lab) { lab.endpoint(web), lab.bump(web); }),
          sends(web, tcp(web, friendly, 4000, 80).flags(rst))
              .leaves(tcp(web, friendly, 4000, 80).flags(rst).macs(web.gateway, web.mac).ttl(63))
              .news(),
          arrives(tcp(friendly, web, 80, 4000).flags(syn)).to(web, tcp(friendly, web, 80, 4000).flags(syn).ttl(63)),
          change([](Lab& lab) { lab.policy(web, {abi::egress}, {}), lab.bump(web); }),
          sends(web, tcp(web, friendly, 4000, 80)).dropped(Reason::policy_denied_egress)}},
        {"policy sees the world",
         {change([](Lab& lab) {
              lab.policy(web, {abi::ingress}, {{abi::ingress, friendly.identity, abi::proto_tcp, 80, 5}});
          }),
          arrives(tcp(far, web, 4000, 80).flags(syn)).dropped(Reason::policy_denied_ingress),
          arrives(tcp(friendly, web, 4000, 80).flags(syn))
              .to(web, tcp(friendly, web, 4000, 80).flags(syn).ttl(63))
              .news()
              .rule(5)}},
        {"an address of this node's containers does not come from the wire",
         {arrives(udp(api, web, 1, 2)).dropped(Reason::bad_source),
          arrives(udp(ghost, web, 1, 2)).dropped(Reason::bad_source)}},
        {"nor the node's own", {arrives(udp(node, web, 1, 2)).dropped(Reason::martian)}},
        {"nor a martian", {arrives(udp(localhost, web, 1, 2)).dropped(Reason::martian)}},
        {"a container nobody has", {arrives(udp(far, ghost, 1, 2)).dropped(Reason::no_endpoint)}},
        {"a container's flow is not carried on from the wire",
         {sends(client, tcp(client, web, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
              .news(),
          arrives(tcp(client, web, 4000, 80)).dropped(Reason::bad_source)}},
        {"nor a masqueraded one by another container",
         {sends(client, hello).leaves(masked.flags(syn)).news(),
          sends(other, tcp(far, node, 80, 4000).macs(other.gateway, other.mac)).dropped(Reason::bad_source)}},
        {"what is for the node passes: a port nobody could have got",
         {arrives(tcp(far, node, 4000, 443 + 40000)).left_alone(Reason::not_ours),
          arrives(tcp(far, node, 4000, 22)).left_alone(Reason::not_ours)}},
        {"and one that somebody could have, but has not",
         {arrives(tcp(far, node, 4000, 8080).flags(syn)).left_alone(Reason::not_ours),
          arrives(udp(far, node, 4000, 8080)).left_alone(Reason::not_ours),
          arrives(echo_reply(far, node, 8080)).left_alone(Reason::not_ours)}},
        {"an echo to the node, other protocols, groups, and what passes through",
         {arrives(echo(far, node, 7)).left_alone(Reason::not_ours),
          arrives(ip_protocol(far, node, 47)).left_alone(Reason::not_ours),
          arrives(udp(far, group, 5353, 5353)).left_alone(Reason::not_ours),
          arrives(udp(far, near, 1, 2000)).left_alone(Reason::not_ours)}},
        {"a whole packet's pieces for the node are the host's",
         {arrives(udp(far, node, 4000, 53).payload(16).piece(0, true)).left_alone(Reason::not_ours),
          arrives(ip_protocol(far, node, 17).piece(3, false)).left_alone(Reason::not_ours)}},
        {"frames that are not IP",
         {arrives(ethernet(far.gateway, far.mac, 0x88cc, 50)).left_alone(Reason::not_ip),
          arrives(ethernet(far.gateway, far.mac, 0x0806, 50)).left_alone(Reason::not_ip)}},
        {"an unknown protocol for a container", {arrives(ip_protocol(far, web, 47)).dropped(Reason::unknown_protocol)}},
        {"too big for the container: the node says so",
         {arrives(udp(far, web, 4000, 53).ip_bytes(1450).dont_frag())
              .refused(Reason::too_big, icmp(node, far, packet_too_big, 1400)
                                            .dont_frag()
                                            .quotes(udp(far, web, 4000, 53).ip_bytes(1450).dont_frag())
                                            .macs(far.mac, far.gateway))}},
    });

// Past netfilter by default; with `routing: host` the host's stack sees both directions with the container's address.
Variant routed(Family family) {
    Variant v;
    v.family = family;
    v.host_routing = true;
    return v;
}
Step at_netdev(const Packet& p) {
    Step s = then(abi::Hook::to_netdev, node);
    s.chained = false;
    s.in = p;
    return s;
}
Step leaving(const Packet& in, const Packet& out) {
    Step s = at_netdev(in).left_alone(Reason::forwarded);
    s.mark = mark_bit;
    s.expect.out = out;
    return s;
}
Step handed(const Packet& in, const Node& to) {
    Step s = host_sends(in).arriving_marked(mark_bit);
    return s.to(to, in);
}
const std::vector<Row> host_routing_rows{
    {"TCP out and in",
     {sends(client, hello).passes().marked(mark_bit).news(), leaving(on_wire(hello).ttl(63), masked.flags(syn)),
      arrives(tcp(far, node, 80, 4000).flags(syn | ack))
          .passes(tcp(far, client, 80, 4000).flags(syn | ack))
          .marked(mark_bit),
      handed(tcp(far, client, 80, 4000).flags(syn | ack).ttl(63), client),
      sends(client, tcp(client, far, 4000, 80)).passes().marked(mark_bit),
      leaving(on_wire(tcp(client, far, 4000, 80)).ttl(63), masked)}},
    {"UDP, from the young table",
     {sends(client, udp(client, far, 4000, 53)).passes().marked(mark_bit).news(),
      leaving(on_wire(udp(client, far, 4000, 53)).ttl(63), on_wire(udp(node, far, 4000, 53)).ttl(63)),
      arrives(udp(far, node, 53, 4000)).passes(udp(far, client, 53, 4000)).marked(mark_bit)}},
    {"to a backend elsewhere past the stack, which would route the service's address back to us",
     {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{far, 8080}}); }),
      sends(client, tcp(client, vip, 4000, 80).flags(syn))
          .leaves(on_wire(tcp(node, far, 4000, 8080)).flags(syn).ttl(63))
          .news(),
      arrives(tcp(far, node, 8080, 4000).flags(syn | ack))
          .to(client, tcp(vip, client, 80, 4000).flags(syn | ack).ttl(63))}},
    {"the stack complains about what it has not seen translated",
     {sends(client, udp(client, far, 4000, 53)).passes().marked(mark_bit).news(),
      host_sends(icmp(host, client, time_exceeded).quotes(udp(client, far, 4000, 53).ttl(1)))
          .to(client, icmp(host, client, time_exceeded).quotes(udp(client, far, 4000, 53).ttl(1)).ttl(63)),
      host_sends(icmp(host, client, time_exceeded).quotes(udp(client, far, 4001, 53).ttl(1)))
          .dropped(Reason::icmp_type)}},
    {"what changed meanwhile does not change where it leaves",
     {sends(client, hello).passes().marked(mark_bit).news(), change([](Lab& lab) { lab.bump_global(); }),
      leaving(on_wire(hello).ttl(63), masked.flags(syn))}},
    {"the host's own packets are not looked at", {at_netdev(tcp(node, far, 40000, 80)).left_alone(Reason::forwarded)}},
    {"an error of the container is translated where it leaves",
     {sends(client, udp(client, far, 4000, 53)).passes().marked(mark_bit).news(),
      arrives(udp(far, node, 53, 4000)).passes(udp(far, client, 53, 4000)).marked(mark_bit),
      sends(client, icmp(client, far, port_unreachable).quotes(udp(far, client, 53, 4000))).passes().marked(mark_bit),
      leaving(on_wire(icmp(client, far, port_unreachable)).quotes(udp(far, client, 53, 4000)).ttl(63),
              on_wire(icmp(node, far, port_unreachable)).quotes(udp(far, node, 53, 4000)).ttl(63))}},
    {"the world to a container: by the stack too",
     {arrives(tcp(far, web, 4000, 80).flags(syn)).passes().marked(mark_bit).news(),
      handed(tcp(far, web, 4000, 80).flags(syn).ttl(63), web),
      sends(web, tcp(web, far, 80, 4000).flags(syn | ack)).passes().marked(mark_bit)}},
    {"a container that went meanwhile",
     {host_sends(tcp(far, ghost, 80, 4000)).arriving_marked(mark_bit).dropped(Reason::no_endpoint).marked(0)}},
};
// Routes: the kernel's answer for a pair of addresses is kept, but no longer than it holds.
constexpr std::uint16_t first_port = 4000, next_port = 4001;
const Step asks = sends(web, tcp(web, friendly, first_port, 80))
                      .leaves(tcp(web, friendly, first_port, 80).macs(web.gateway, web.mac).ttl(63))
                      .news();
PACKET_ROWS(ways, {
                      {"routes that change move the counter, and a new flow goes by them at once",
                       {asks, change([](Lab& lab) {
                            lab.datapath().empty("bl_nexthops");
                            lab.bump_global();
                        }),
                        sends(web, tcp(web, friendly, next_port, 80)).passes().news()}},
                      {"with nobody who moves it, after a moment",
                       {asks, change([](Lab& lab) {
                            lab.datapath().empty("bl_nexthops");
                            lab.datapath().age_ways();
                        }),
                        sends(web, tcp(web, friendly, next_port, 80)).passes().news()}},
                      {"other addresses, other ways",
                       {asks, change([](Lab& lab) { lab.datapath().empty("bl_nexthops"); }),
                        sends(api, tcp(api, friendly, next_port, 80)).passes().news(),
                        sends(web, tcp(web, near, next_port, 80)).passes().news()}},
                  })

// More addresses than there are rows of kept ways: every new one finds a row that is another's.
constexpr unsigned enough = 300;
// What becomes of the packet of the i-th of them.
Outcome run_one(Lab& lab, const Arrival& arrival, unsigned i, const std::function<Packet(const Node&)>& make) {
    const auto v4 = fmt::format("198.18.{}.{}", i / 250, i % 250 + 1), v6 = fmt::format("2001:db8:18::{:x}", i + 1);
    return lab.datapath().run(arrival, make({"far away", v4, v6}).frame(lab.family()));
}
TEST_P(Packets, a_way_is_of_where_it_leads) {
    Lab lab(GetParam());
    const auto verdict = [&](unsigned i) {
        const auto to = [](const Node& n) { return tcp(web, n, first_port, 80); };
        return run_one(lab, {abi::Hook::from_container, device_of(web)}, i, to).verdict;
    };
    for (unsigned i = 0; i < enough; i++)
        ASSERT_EQ(verdict(i), verdict_redirect);
    lab.datapath().empty("bl_nexthops");
    for (unsigned i = enough; i < 2 * enough; i++)
        ASSERT_EQ(verdict(i), verdict_pass);
}
TEST_P(Packets, a_way_is_of_where_it_begins) {
    Lab lab(GetParam());
    lab.serve({nobody, 30080, abi::proto_tcp}, {.inside = {{near, 8080}}, .outside = {{near, 8080}}});
    const auto translated = [&](unsigned i) {
        const auto from = [](const Node& n) { return tcp(n, node, first_port, 30080).flags(syn); };
        const Frame out = run_one(lab, {abi::Hook::from_netdev, uplink_device()}, i, from).frame;
        const bool v4 = lab.family() == Family::v4;
        const auto source = node.addr(lab.family());
        return std::equal(source.begin(), source.begin() + (v4 ? 4 : 16), out.begin() + (v4 ? 26 : 22));
    };
    for (unsigned i = 0; i < enough; i++)
        ASSERT_TRUE(translated(i)) << "leaves by a device of the node, with its address";
    lab.datapath().empty("bl_nexthops");
    for (unsigned i = enough; i < 2 * enough; i++)
        ASSERT_FALSE(translated(i));
}

class HostRouting : public testing::TestWithParam<Family> {};
TEST_P(HostRouting, rows) {
    run_rows(routed(GetParam()), host_routing_rows);
}
INSTANTIATE_TEST_SUITE_P(Families, HostRouting, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

}  // namespace
}  // namespace beeline::packet
