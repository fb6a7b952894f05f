// NetworkPolicy on packets: the six shapes of rows, both directions, and who is exempt.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::egress;
using abi::ingress;
using abi::Reason;
constexpr auto tcp_number = abi::proto_tcp;
constexpr auto udp_number = abi::proto_udp;

Step rules(const Node& n, const std::vector<abi::Direction>& isolated, const std::vector<Rule>& rows) {
    return change([=](Lab& lab) { lab.policy(n, isolated, rows); });
}
Step syn_to(const Node& from, const Node& to, std::uint16_t port) {
    return sends(from, tcp(from, to, 4000, port).flags(syn));
}
Step reaches(const Node& from, const Node& to, std::uint16_t port, std::uint32_t rule) {
    return syn_to(from, to, port).to(to, tcp(from, to, 4000, port).flags(syn).ttl(63)).news().rule(rule);
}
Step denied_in(const Node& from, const Node& to, std::uint16_t port) {
    return syn_to(from, to, port).dropped(Reason::policy_denied_ingress).rule(0).about(tcp(from, to, 4000, port));
}
Step datagram(const Node& from, const Node& to, std::uint16_t port, std::uint32_t rule) {
    return sends(from, udp(from, to, 4000, port)).to(to, udp(from, to, 4000, port).ttl(63)).news().rule(rule);
}

PACKET_ROWS(
    policy_shapes,
    {
        {"peer and port: this peer on this port, nothing else",
         {rules(web, {ingress}, {{ingress, 1002, tcp_number, 80, 11}}), reaches(client, web, 80, 11),
          denied_in(client, web, 81), denied_in(other, web, 80),
          sends(client, udp(client, web, 4000, 80)).dropped(Reason::policy_denied_ingress)}},
        {"peer and protocol: every port of it, no other protocol",
         {rules(web, {ingress}, {{ingress, 1002, tcp_number, 0, 12}}), reaches(client, web, 80, 12),
          reaches(client, web, 9999, 12), denied_in(other, web, 80),
          sends(client, udp(client, web, 4000, 80)).dropped(Reason::policy_denied_ingress),
          sends(client, echo(client, web, 1)).dropped(Reason::policy_denied_ingress)}},
        {"peer: everything it sends",
         {rules(web, {ingress}, {{ingress, 1002, 0, 0, 13}}), reaches(client, web, 80, 13),
          datagram(client, web, 53, 13),
          sends(client, echo(client, web, 1)).to(web, echo(client, web, 1).ttl(63)).news().rule(13),
          denied_in(other, web, 80)}},
        {"any peer on one port",
         {rules(web, {ingress}, {{ingress, 0, tcp_number, 80, 14}}), reaches(client, web, 80, 14),
          reaches(other, web, 80, 14), denied_in(client, web, 81)}},
        {"any peer, one protocol",
         {rules(web, {ingress}, {{ingress, 0, udp_number, 0, 15}}), datagram(client, web, 53, 15),
          datagram(other, web, 54, 15), denied_in(client, web, 80)}},
        {"anybody, anything",
         {rules(web, {ingress}, {{ingress, 0, 0, 0, 16}}), reaches(client, web, 80, 16), datagram(other, web, 53, 16)}},
        {"the more exact row decides, and names its rule",
         {rules(web, {ingress}, {{ingress, 0, 0, 0, 16}, {ingress, 1002, tcp_number, 80, 11}}),
          reaches(client, web, 80, 11), reaches(client, web, 81, 16)}},
        {"a row that denies names its rule too",
         {rules(web, {ingress}, {{ingress, 0, 0, 0, 16}, {ingress, 1002, tcp_number, 80, 21, false}}),
          syn_to(client, web, 80).dropped(Reason::policy_denied_ingress).rule(21), reaches(other, web, 80, 16)}},
        {"a port's row is of one protocol: UDP on TCP's port is not meant",
         {rules(web, {ingress}, {{ingress, 0, tcp_number, 53, 14}}), reaches(client, web, 53, 14),
          sends(client, udp(client, web, 4000, 53)).dropped(Reason::policy_denied_ingress)}},
        {"a ping is no port: rules with ports do not open it",
         {rules(web, {ingress}, {{ingress, 1002, tcp_number, 80, 11}, {ingress, 0, udp_number, 0, 15}}),
          sends(client, echo(client, web, 1)).dropped(Reason::policy_denied_ingress)}},
    });

PACKET_ROWS(policy_directions,
            {
                {"nothing selects the container: everything passes, without a rule", {reaches(client, web, 80, 0)}},
                {"isolated for ingress: it may still send",
                 {rules(web, {ingress}, {}), denied_in(client, web, 80), reaches(web, client, 80, 0)}},
                {"isolated for egress: it may still be asked",
                 {rules(client, {egress}, {}), syn_to(client, web, 80).dropped(Reason::policy_denied_egress).rule(0),
                  reaches(web, client, 80, 0)}},
                {"egress by peer and port",
                 {rules(client, {egress}, {{egress, 1003, tcp_number, 80, 31}}), reaches(client, web, 80, 31),
                  syn_to(client, web, 81).dropped(Reason::policy_denied_egress),
                  syn_to(client, api, 80).dropped(Reason::policy_denied_egress)}},
                {"egress to the world",
                 {rules(client, {egress}, {{egress, abi::identity_world, tcp_number, 443, 32}}),
                  syn_to(client, world, 443).passes().news().rule(32),
                  syn_to(client, host, 443).dropped(Reason::policy_denied_egress),
                  syn_to(client, peer_node, 443).dropped(Reason::policy_denied_egress)}},
                {"both sides must agree",
                 {change([](Lab& lab) {
                      lab.policy(client, {egress}, {{egress, 1003, tcp_number, 0, 33}}, 8);
                      lab.policy(web, {ingress}, {{ingress, 1002, tcp_number, 80, 34}}, 9);
                  }),
                  reaches(client, web, 80, 34), denied_in(client, web, 81)}},
                {"a row of the other direction opens nothing",
                 {rules(web, {ingress}, {{egress, 1002, tcp_number, 80, 35}}), denied_in(client, web, 80)}},
                {"an egress rule is not blamed for what ingress denies",
                 {change([](Lab& lab) {
                      lab.policy(client, {egress}, {{egress, 0, 0, 0, 36}}, 8);
                      lab.policy(web, {ingress}, {}, 9);
                  }),
                  denied_in(client, web, 80)}},
                {"answers pass, whatever the asker's ingress says",
                 {rules(client, {ingress}, {}), reaches(client, web, 80, 0),
                  sends(web, tcp(web, client, 80, 4000).flags(syn | ack))
                      .to(client, tcp(web, client, 80, 4000).flags(syn | ack).ttl(63)),
                  sends(web, tcp(web, client, 80, 4000)).to(client, tcp(web, client, 80, 4000).ttl(63)),
                  datagram(client, web, 53, 0),
                  sends(web, udp(web, client, 53, 4000)).to(client, udp(web, client, 53, 4000).ttl(63))}},
                {"answers pass, whatever the asked one's egress says",
                 {rules(web, {egress}, {}), reaches(client, web, 80, 0),
                  sends(web, tcp(web, client, 80, 4000).flags(syn | ack))
                      .to(client, tcp(web, client, 80, 4000).flags(syn | ack).ttl(63))}},
                {"what was denied is not remembered: the same packet passes once it may",
                 {rules(web, {ingress}, {}), denied_in(client, web, 80), denied_in(client, web, 80),
                  change([](Lab& lab) { EXPECT_EQ(lab.table_of(tcp(client, web, 4000, 80)), Lab::Table::none); }),
                  rules(web, {}, {}), reaches(client, web, 80, 0)}},
                {"policy sees the backend and its port, not the service's",
                 {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{web, 8080}}); }),
                  rules(web, {ingress}, {{ingress, 1002, tcp_number, 8080, 41}}),
                  sends(client, tcp(client, vip, 4000, 80).flags(syn))
                      .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
                      .news()
                      .rule(41)}},
                {"and denies on it, naming the service that was asked",
                 {change([](Lab& lab) { lab.service({vip, 80, abi::proto_tcp}, {{web, 8080}}); }),
                  rules(web, {ingress}, {{ingress, 1002, tcp_number, 80, 42}}),
                  sends(client, tcp(client, vip, 4000, 80).flags(syn))
                      .dropped(Reason::policy_denied_ingress)
                      .about(tcp(client, vip, 4000, 80))
                      .backend(web, 8080)}},
            });

PACKET_ROWS(
    policy_exemptions,
    {
        {"the host reaches its own containers whatever their policy",
         {rules(web, {ingress, egress}, {}),
          host_sends(tcp(host, web, 4000, 80).flags(syn)).to(web, tcp(host, web, 4000, 80).flags(syn).ttl(63)).news(),
          sends(web, tcp(web, host, 80, 4000).flags(syn | ack)).passes()}},
        {"so does the router's address",
         {rules(web, {ingress}, {}), host_sends(echo(router, web, 3)).to(web, echo(router, web, 3).ttl(63)).news()}},
        {"even before the container has a policy",
         {change([](Lab& lab) { lab.endpoint(web, 0); }),
          host_sends(udp(host, web, 4000, 53)).to(web, udp(host, web, 4000, 53).ttl(63)).news()}},
        {"a container without a policy yet gets nothing from others",
         {change([](Lab& lab) { lab.endpoint(web, 0); }), denied_in(client, web, 80)}},
        {"and sends nothing",
         {change([](Lab& lab) { lab.endpoint(client, 0); }),
          syn_to(client, web, 80).dropped(Reason::policy_denied_egress),
          syn_to(client, host, 80).dropped(Reason::policy_denied_egress)}},
        {"the world meets policy",
         {rules(web, {ingress}, {}),
          host_sends(tcp(world, web, 4000, 80).flags(syn)).dropped(Reason::policy_denied_ingress)}},
        {"which may let it in",
         {rules(web, {ingress}, {{ingress, abi::identity_world, tcp_number, 80, 51}}),
          host_sends(tcp(world, web, 4000, 80).flags(syn))
              .to(web, tcp(world, web, 4000, 80).flags(syn).ttl(63))
              .news()
              .rule(51)}},
        {"a known peer is not the world",
         {rules(web, {ingress}, {{ingress, abi::identity_world, 0, 0, 52}}),
          host_sends(udp(peer_node, web, 4000, 53)).dropped(Reason::policy_denied_ingress)}},
        {"nobody forbids a container its own address",
         {rules(web, {ingress, egress}, {}),
          sends(web, tcp(web, web, 4000, 80).flags(syn)).to(web, tcp(web, web, 4000, 80).flags(syn).ttl(63)).news()}},
    });

}  // namespace
}  // namespace beeline::packet
