// Services for clients from outside, who come by one of the node's devices: node ports, external addresses, those of a
// load balancer.
#include "tests/packet/lab.h"
#include "tests/packet/wire.h"

namespace beeline::packet {
namespace {
using abi::Reason;

const Front node_port{nobody, 30080, abi::proto_tcp}, node_dns{nobody, 30053, abi::proto_udp};
const Front external{outside, 80, abi::proto_tcp}, external_dns{outside, 53, abi::proto_udp};

Step serves(const Front& front, const Served& served) {
    return change([=](Lab& lab) { lab.serve(front, served); });
}
Served everywhere(const Backends& backends) {
    return {.inside = backends, .outside = backends};
}
// What a process of the node sends by its device.
Packet by_node(const Packet& p) {
    return p.macs(gateway.mac, gateway.gateway);
}
Step node_sends(const Packet& p) {
    Step s = then(abi::Hook::to_netdev, node);
    s.chained = false;
    s.in = by_node(p);
    return s;
}
Packet open_from(const Node& from, std::uint16_t sport, const Node& to, std::uint16_t dport) {
    return tcp(from, to, sport, dport).flags(syn);
}

// As it leaves, sent by one beyond the node's device: the kernel writes the MACs later.
Packet passed_on(const Node& by, const Packet& p) {
    return p.macs(by.gateway, by.mac);
}
// What refuses a client: RFC 9293, section 3.10.7.1.
Packet reset_of(const Packet& in) {
    const Packet out = tcp(in.to, in.from, in.dport, in.sport).dont_frag().macs(in.from.mac, in.from.gateway);
    return in.tcp_flags & ack ? out.flags(rst).numbers(in.tcp_ack, 0) : out.flags(rst | ack).numbers(0, in.tcp_seq + 1);
}

PACKET_ROWS(to_a_container,
            {{"a node port, and the answers from it",
              {serves(node_port, everywhere({{web, 8080}})),
               arrives(open_from(far, 4000, node, 30080)).to(web, open_from(far, 4000, web, 8080).ttl(63)).news(),
               sends(web, tcp(web, far, 8080, 4000).flags(syn | ack))
                   .leaves(on_wire(tcp(node, far, 30080, 4000)).flags(syn | ack).macs(web.gateway, web.mac).ttl(63)),
               arrives(tcp(far, node, 4000, 30080)).to(web, tcp(far, web, 4000, 8080).ttl(63))}},
             {"an external address",
              {serves(external, everywhere({{web, 8080}})),
               arrives(open_from(far, 4000, outside, 80)).to(web, open_from(far, 4000, web, 8080).ttl(63)).news(),
               sends(web, tcp(web, far, 8080, 4000).flags(syn | ack))
                   .leaves(on_wire(tcp(outside, far, 80, 4000)).flags(syn | ack).macs(web.gateway, web.mac).ttl(63))}},
             {"datagrams",
              {serves(node_dns, everywhere({{web, 5353}})),
               arrives(udp(far, node, 4000, 30053)).to(web, udp(far, web, 4000, 5353).ttl(63)).news(),
               sends(web, udp(web, far, 5353, 4000))
                   .leaves(on_wire(udp(node, far, 30053, 4000)).macs(web.gateway, web.mac).ttl(63)),
               arrives(udp(far, node, 4000, 30053)).to(web, udp(far, web, 4000, 5353).ttl(63))}},
             {"a client next door",
              {serves(node_port, everywhere({{web, 8080}})),
               arrives(open_from(near, 4000, node, 30080)).to(web, open_from(near, 4000, web, 8080).ttl(63)).news(),
               sends(web, tcp(web, near, 8080, 4000))
                   .leaves(on_wire(tcp(node, near, 30080, 4000)).macs(web.gateway, web.mac).ttl(63))}},
             {"the container's policy holds, and knows the client",
              {serves(node_port, everywhere({{web, 8080}})), change([](Lab& lab) {
                   lab.policy(web, {abi::ingress}, {{abi::ingress, friendly.identity, abi::proto_tcp, 8080, 5}});
               }),
               arrives(open_from(far, 4000, node, 30080)).dropped(Reason::policy_denied_ingress),
               arrives(open_from(friendly, 4000, node, 30080))
                   .to(web, open_from(friendly, 4000, web, 8080).ttl(63))
                   .news()
                   .rule(5)}}});

PACKET_ROWS(
    to_a_backend_elsewhere,
    {{"the client has the node's address there, and its answers come back",
      {serves(node_port, everywhere({{near, 8080}})),
       arrives(open_from(far, 4000, node, 30080))
           .leaves(passed_on(far, open_from(node, 4000, near, 8080)).ttl(63))
           .news(),
       arrives(tcp(near, node, 8080, 4000).flags(syn | ack))
           .leaves(passed_on(near, tcp(node, far, 30080, 4000)).flags(syn | ack).ttl(63)),
       arrives(tcp(far, node, 4000, 30080)).leaves(passed_on(far, tcp(node, near, 4000, 8080)).ttl(63))}},
     {"datagrams to an external address",
      {serves(external_dns, everywhere({{near, 5353}})),
       arrives(udp(far, outside, 4000, 53)).leaves(passed_on(far, udp(node, near, 4000, 5353)).ttl(63)).news(),
       arrives(udp(near, node, 5353, 4000)).leaves(passed_on(near, udp(outside, far, 53, 4000)).ttl(63)),
       arrives(udp(far, outside, 4000, 53)).leaves(passed_on(far, udp(node, near, 4000, 5353)).ttl(63))}},
     {"the last hop",
      {serves(external_dns, everywhere({{near, 5353}})),
       arrives(udp(far, outside, 4000, 53).ttl(1))
           .refused(Reason::ttl_exceeded, icmp(node, far, time_exceeded)
                                              .dont_frag()
                                              .quotes(udp(far, outside, 4000, 53).ttl(1))
                                              .macs(far.mac, far.gateway))}},
     {"an error of the backend goes to the client as if from the service",
      {serves(external_dns, everywhere({{near, 5353}})),
       arrives(udp(far, outside, 4000, 53)).leaves(passed_on(far, udp(node, near, 4000, 5353)).ttl(63)).news(),
       arrives(icmp(near, node, port_unreachable).quotes(udp(node, near, 4000, 5353)))
           .leaves(passed_on(near, icmp(outside, far, port_unreachable)).quotes(udp(far, outside, 4000, 53)).ttl(63))}},
     {"a port that a container's flow has there is not taken twice",
      {sends(client, tcp(client, near, 4000, 8080).flags(syn))
           .leaves(on_wire(tcp(node, near, 4000, 8080)).flags(syn).ttl(63))
           .news(),
       serves(node_port, everywhere({{near, 8080}})), change([](Lab& lab) {
           auto& datapath = lab.datapath();
           const auto out =
               datapath.run({abi::Hook::from_netdev, uplink_device()},
                            open_from(far, 4000, node, 30080).macs(far.gateway, far.mac).frame(lab.family()));
           const std::size_t ports = lab.family() == Family::v4 ? 34 : 54;
           EXPECT_EQ(out.verdict, verdict_redirect);
           EXPECT_NE(out.frame.at(ports) << 8 | out.frame.at(ports + 1), 4000);
       }),
       arrives(tcp(near, node, 8080, 4000).flags(syn | ack))
           .to(client, tcp(near, client, 8080, 4000).flags(syn | ack).ttl(63))}}});

PACKET_ROWS(
    to_a_process_of_the_node,
    {{"and its answers",
      {serves(external, everywhere({{node, 8080}})),
       arrives(open_from(far, 4000, outside, 80)).passes(open_from(far, 4000, node, 8080)).news(),
       node_sends(tcp(node, far, 8080, 4000).flags(syn | ack))
           .passes(by_node(tcp(outside, far, 80, 4000).flags(syn | ack))),
       arrives(tcp(far, outside, 4000, 80)).passes(tcp(far, node, 4000, 8080)),
       node_sends(tcp(node, far, 8080, 4000)).passes(by_node(tcp(outside, far, 80, 4000)))}},
     {"a node port of the same number",
      {serves(node_port, everywhere({{node, 30080}})), arrives(open_from(far, 4000, node, 30080)).passes().news(),
       node_sends(tcp(node, far, 30080, 4000).flags(syn | ack)).passes(), change([](Lab& lab) { lab.bump_global(); }),
       arrives(tcp(far, node, 4000, 30080)).passes(), node_sends(tcp(node, far, 30080, 4000)).passes()}},
     {"datagrams, and the error of a port nobody has",
      {serves(external_dns, everywhere({{node, 5353}})),
       arrives(udp(far, outside, 4000, 53)).passes(udp(far, node, 4000, 5353)).news(),
       node_sends(icmp(node, far, port_unreachable).quotes(udp(far, node, 4000, 5353)))
           .passes(by_node(icmp(outside, far, port_unreachable).quotes(udp(far, outside, 4000, 53))))}},
     {"the node's other packets are not ours",
      {serves(external, everywhere({{node, 8080}})),
       node_sends(tcp(node, far, 8080, 4001)).left_alone(Reason::not_ours),
       node_sends(tcp(node, far, 22, 4001)).left_alone(Reason::not_ours),
       node_sends(udp(node, far, 8080, 53)).left_alone(Reason::not_ours),
       node_sends(echo(node, far, 7)).left_alone(Reason::not_ours),
       node_sends(ip_protocol(node, far, 47)).left_alone(Reason::not_ours),
       node_sends(icmp(node, far, port_unreachable).quotes(udp(far, node, 4000, 9))).left_alone(Reason::forwarded)}},
     {"a new decision in the answers' direction",
      {serves(external, everywhere({{node, 8080}})),
       arrives(open_from(far, 4000, outside, 80)).passes(open_from(far, 4000, node, 8080)).news(),
       change([](Lab& lab) { lab.bump_global(); }),
       node_sends(tcp(node, far, 8080, 4000).flags(syn | ack))
           .passes(by_node(tcp(outside, far, 80, 4000).flags(syn | ack)))}}});

PACKET_ROWS(
    who_is_served,
    {{"an address that does not answer on node ports",
      {serves(node_port, everywhere({{web, 8080}})),
       change([](Lab& lab) { lab.identity(node, abi::identity_host, abi::identity_is_node); }),
       arrives(open_from(far, 4000, node, 30080)).left_alone(Reason::not_ours)}},
     {"nor does one that is not the node's",
      {serves(node_port, everywhere({{web, 8080}})),
       arrives(open_from(far, 4000, near, 30080)).left_alone(Reason::not_ours)}},
     {"another protocol of the port",
      {serves(node_port, everywhere({{web, 8080}})),
       arrives(udp(far, node, 4000, 30080)).left_alone(Reason::not_ours)}},
     {"cluster addresses are for the cluster",
      {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{web, 8080}}); }),
       serves(external, everywhere({{web, 8080}})),  // some frontend has the port
       arrives(open_from(far, 4000, vip, 80)).left_alone(Reason::not_ours)}},
     {"without endpoints the client is refused",
      {serves(node_port, {}), arrives(open_from(far, 4000, node, 30080))
                                  .refused(Reason::no_backend, reset_of(open_from(far, 4000, node, 30080)))}},
     {"with endpoints on other nodes only, and policy Local, it is not answered",
      {serves(node_port, {.inside = {{near, 8080}}, .outside = {}, .flags = abi::front_outside | abi::front_elsewhere}),
       arrives(open_from(far, 4000, node, 30080)).dropped(Reason::no_local_backend)}},
     {"but this node's containers may choose those",
      {serves(node_port, {.inside = {{web, 8080}}, .outside = {}, .flags = abi::front_outside | abi::front_elsewhere}),
       sends(client, tcp(client, node, 4000, 30080).flags(syn))
           .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
           .news(),
       sends(web, tcp(web, client, 8080, 4000).flags(syn | ack))
           .to(client, tcp(node, client, 30080, 4000).flags(syn | ack).ttl(63))}},
     {"only clients of the source ranges",
      {serves(external,
              {.inside = {{web, 8080}}, .outside = {{web, 8080}}, .flags = abi::front_outside | abi::front_ranges}),
       change([](Lab& lab) { lab.admit(external, friendly); }),
       arrives(open_from(near, 4000, outside, 80)).dropped(Reason::source_range),
       arrives(open_from(friendly, 4000, outside, 80)).to(web, open_from(friendly, 4000, web, 8080).ttl(63)).news(),
       sends(client, tcp(client, outside, 4000, 80).flags(syn))
           .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
           .news()}},
     {"a range that is taken away ends what came from there",
      {serves(external,
              {.inside = {{web, 8080}}, .outside = {{web, 8080}}, .flags = abi::front_outside | abi::front_ranges}),
       change([](Lab& lab) { lab.admit(external, friendly); }),
       arrives(open_from(friendly, 4000, outside, 80)).to(web, open_from(friendly, 4000, web, 8080).ttl(63)).news(),
       change([](Lab& lab) { lab.datapath().empty(lab.family() == Family::v4 ? "bl_src_ranges4" : "bl_src_ranges6"); }),
       change([](Lab& lab) { lab.bump_front(external); }),
       arrives(tcp(friendly, outside, 4000, 80)).dropped(Reason::source_range)}},
     {"other ports of an external address are refused, from anywhere",
      {serves(external, everywhere({{web, 8080}})), change([](Lab& lab) { lab.rest(outside); }),
       arrives(open_from(far, 4000, outside, 81))
           .refused(Reason::no_service, reset_of(open_from(far, 4000, outside, 81))),
       sends(client, udp(client, outside, 4000, 81))
           .refused(Reason::no_service, icmp(outside, client, port_unreachable)
                                            .dont_frag()
                                            .quotes(udp(client, outside, 4000, 81))
                                            .into(client))}},
     {"a service that has gone ends its connections",
      {serves(external, everywhere({{web, 8080}})),
       arrives(open_from(far, 4000, outside, 80)).to(web, open_from(far, 4000, web, 8080).ttl(63)).news(),
       change([](Lab& lab) { lab.remove_service(external), lab.bump_front(external); }),
       arrives(tcp(far, outside, 4000, 80)).refused(Reason::no_service, reset_of(tcp(far, outside, 4000, 80)))}}});

// What bl_xdp does with this packet, of the family of the lab.
Outcome arrival(Lab& lab, const Packet& p, const Node& by) {
    return lab.datapath().run({abi::Hook::from_netdev, uplink_device()},
                              p.macs(by.gateway, by.mac).frame(lab.family()));
}
class Turned : public testing::TestWithParam<Family> {
protected:
    static Variant variant() {
        Variant v;
        v.family = GetParam();
        v.xdp = true;
        return v;
    }
    Lab lab_{variant()};
};
TEST_P(Turned, a_flow_to_a_backend_elsewhere_leaves_before_tc_sees_it_from_its_first_packet_on) {
    lab_.serve(node_port, everywhere({{near, 8080}}));
    const auto first = arrival(lab_, open_from(far, 4000, node, 30080), far);
    EXPECT_EQ(first.xdp, XDP_TX);
    ASSERT_EQ(first.events.size(), 1u);
    EXPECT_EQ(first.events[0].hook, static_cast<std::uint8_t>(abi::Hook::xdp));
    const auto there = arrival(lab_, tcp(far, node, 4000, 30080), far);
    EXPECT_EQ(there.xdp, XDP_TX);
    EXPECT_EQ(there.macs[0], near.mac) << "by the kernel's neighbour table";
    const auto back = arrival(lab_, tcp(near, node, 8080, 4000), near);
    EXPECT_EQ(back.xdp, XDP_TX);
    EXPECT_EQ(back.macs[0], gateway.mac);
    const auto entry = lab_.entry_of(tcp(far, node, 4000, 30080));
    EXPECT_EQ(entry->packets, 2u);
    EXPECT_EQ(entry->bytes, first.frame.size() + there.frame.size());
    EXPECT_TRUE(entry->tcp & syn);
}
TEST_P(Turned, what_xdp_has_decided_for_a_container_tc_delivers_and_counts_once) {
    lab_.serve(node_port, everywhere({{web, 8080}}));
    const auto first = arrival(lab_, open_from(far, 4000, node, 30080), far);
    EXPECT_FALSE(first.xdp);
    EXPECT_EQ(first.verdict, verdict_redirect);
    EXPECT_EQ(first.counted.at(Reason::forwarded), 1u);
    ASSERT_EQ(first.events.size(), 1u);
    EXPECT_EQ(first.events[0].hook, static_cast<std::uint8_t>(abi::Hook::xdp));
    EXPECT_EQ(lab_.entry_of(tcp(far, node, 4000, 30080))->packets, 1u);
}
TEST_P(Turned, a_datagram_of_a_flow_that_is_not_answered_yet_is_tcs) {
    lab_.serve(node_dns, everywhere({{near, 53}}));
    EXPECT_EQ(arrival(lab_, udp(far, node, 4000, 30053), far).xdp, XDP_TX);
    EXPECT_FALSE(arrival(lab_, udp(far, node, 4000, 30053), far).xdp) << "still young";
    EXPECT_EQ(lab_.entry_of(udp(far, node, 4000, 30053))->packets, 2u);
}
TEST_P(Turned, while_the_flow_table_grows_tc_decides) {
    Variant v = variant();
    v.outgrown = true;
    Lab grows(v);
    grows.serve(node_port, everywhere({{near, 8080}}));
    EXPECT_FALSE(arrival(grows, open_from(far, 4000, node, 30080), far).xdp);
}
TEST_P(Turned, a_packet_in_a_while_goes_by_tc_so_that_the_kernel_asks_for_the_neighbour) {
    lab_.serve(node_port, everywhere({{near, 8080}}));
    arrival(lab_, open_from(far, 4000, node, 30080), far);
    EXPECT_EQ(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp, XDP_TX);
    lab_.datapath().age_neighbours(30);
    EXPECT_EQ(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp, XDP_TX);
    lab_.datapath().age_neighbours(2);
    EXPECT_FALSE(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp);
    EXPECT_EQ(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp, XDP_TX);
}
TEST_P(Turned, what_opens_or_closes_and_what_has_no_room_goes_on_to_tc) {
    lab_.serve(node_port, everywhere({{near, 8080}}));
    arrival(lab_, open_from(far, 4000, node, 30080), far);
    EXPECT_FALSE(arrival(lab_, tcp(far, node, 4000, 30080).flags(fin | ack), far).xdp);
    EXPECT_FALSE(arrival(lab_, tcp(far, node, 4000, 30080).ttl(1), far).xdp);
    EXPECT_FALSE(arrival(lab_, tcp(far, node, 4000, 30080).ip_bytes(1600), far).xdp) << "more than the next hop takes";
    lab_.bump_global();
    EXPECT_FALSE(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp) << "a decision that is stale";
    EXPECT_EQ(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp, XDP_TX) << "and has been made anew";
}
TEST_P(Turned, a_container_is_no_business_of_its) {
    lab_.serve(node_port, everywhere({{web, 8080}}));
    arrival(lab_, open_from(far, 4000, node, 30080), far);
    EXPECT_FALSE(arrival(lab_, tcp(far, node, 4000, 30080), far).xdp);
}
INSTANTIATE_TEST_SUITE_P(Families, Turned, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

// Of two backends a client without affinity would get both in twenty connections.
Step many_to_web(const Node& from) {
    return change([=](Lab& lab) {
        for (std::uint16_t port = 5000; port < 5020; port++) {
            const Frame in = open_from(from, port, node, 30080).macs(far.gateway, far.mac).frame(lab.family());
            const auto out = lab.datapath().run({abi::Hook::from_netdev, uplink_device()}, in);
            const Frame want =
                open_from(from, port, web, 8080).macs(far.gateway, far.mac).into(web).ttl(63).frame(lab.family());
            EXPECT_EQ(out.frame, want) << port;
        }
    });
}
const Backends two{{web, 8080}, {api, 8080}};
PACKET_ROWS(affinity,
            {{"a client keeps its backend",
              {serves(node_port, {.inside = {{web, 8080}}, .outside = {{web, 8080}}, .affinity = 100}),
               arrives(open_from(far, 4000, node, 30080)).to(web, open_from(far, 4000, web, 8080).ttl(63)).news(),
               serves(node_port, {.inside = two, .outside = two, .affinity = 100}), many_to_web(far)}},
             {"while new flows may choose it",
              {serves(node_port, {.inside = {{api, 8080}}, .outside = {{api, 8080}}, .affinity = 100}),
               arrives(open_from(far, 4000, node, 30080)).to(api, open_from(far, 4000, api, 8080).ttl(63)).news(),
               serves(node_port, {.inside = two, .outside = {{web, 8080}}, .affinity = 100}), many_to_web(far)}},
             {"another client is another",
              {serves(node_port, {.inside = {{web, 8080}}, .outside = {{web, 8080}}, .affinity = 100}),
               arrives(open_from(far, 4000, node, 30080)).to(web, open_from(far, 4000, web, 8080).ttl(63)).news(),
               serves(node_port, {.inside = {{api, 8080}}, .outside = {{api, 8080}}, .affinity = 100}),
               arrives(open_from(near, 4000, node, 30080)).to(api, open_from(near, 4000, api, 8080).ttl(63)).news()}}});

}  // namespace
}  // namespace beeline::packet
