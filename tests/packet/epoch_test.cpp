// A change reaches live flows by their next packet; what need not change stays.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;
using Steps = std::vector<Step>;
const Front http{vip, 80, abi::proto_tcp};
const Front dns{vip, 53, abi::proto_udp};
constexpr std::uint8_t redecided = abi::event_redecided, translated = abi::event_translated,
                       as_reply = abi::event_reply;

const Packet forth = tcp(client, web, 4000, 80), back = tcp(web, client, 80, 4000);
Step asks() {
    return sends(client, forth);
}
Step says() {
    return sends(web, back);
}
Step asked() {
    return asks().to(web, forth.ttl(63));
}
Step said() {
    return says().to(client, back.ttl(63));
}
Steps operator+(Steps a, const Steps& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
const Steps opened{sends(client, forth.flags(syn)).to(web, forth.flags(syn).ttl(63)).news(),
                   sends(web, back.flags(syn | ack)).to(client, back.flags(syn | ack).ttl(63)), asked(), said()};

Step closes_to(const Node& n) {
    return change([=](Lab& lab) {
        lab.policy(n, {abi::ingress}, {});
        lab.bump(n);
    });
}
Step opens_to(const Node& n) {
    return change([=](Lab& lab) {
        lab.policy(n, {}, {});
        lab.bump(n);
    });
}
Step offer(const Front& front, const Backends& backends) {
    return change([=](Lab& lab) { lab.service(front, backends); });
}
Step bump_all() {
    return change([](Lab& lab) { lab.bump_global(); });
}

Node moved_web() {
    Node n = web;
    n.mac = mac(0x77);
    n.hop = 9;
    return n;
}

PACKET_ROWS(
    policy_change,
    {
        {"a live connection that policy now denies is cut by its next packet, from either side",
         opened + Steps{closes_to(web), asks().dropped(Reason::policy_denied_ingress).flagged(redecided),
                        asks().dropped(Reason::policy_denied_ingress), says().dropped(Reason::policy_denied_ingress)}},
        {"even when only the answering side talks",
         opened + Steps{closes_to(web),
                        says().dropped(Reason::policy_denied_ingress).flagged(redecided | as_reply).about(forth),
                        says().dropped(Reason::policy_denied_ingress), says().dropped(Reason::policy_denied_ingress),
                        asks().dropped(Reason::policy_denied_ingress)}},
        {"a cut connection is not opened anew from the other end",
         opened + Steps{closes_to(web), says().dropped(Reason::policy_denied_ingress),
                        sends(web, back.flags(syn)).dropped(Reason::policy_denied_ingress),
                        sends(client, forth.flags(syn)).dropped(Reason::policy_denied_ingress)}},
        {"it goes on when policy lets it again",
         opened + Steps{closes_to(web), says().dropped(Reason::policy_denied_ingress), opens_to(web),
                        said().news().flagged(redecided | as_reply), asked(), said()}},
        {"datagrams are cut the same way",
         {sends(client, udp(client, web, 1, 2)).to(web, udp(client, web, 1, 2).ttl(63)).news(),
          sends(web, udp(web, client, 2, 1)).to(client, udp(web, client, 2, 1).ttl(63)), closes_to(web),
          sends(web, udp(web, client, 2, 1)).dropped(Reason::policy_denied_ingress),
          sends(client, udp(client, web, 1, 2)).dropped(Reason::policy_denied_ingress)}},
        {"egress: the sender's change cuts as well",
         opened + Steps{change([](Lab& lab) {
                            lab.policy(client, {abi::egress}, {});
                            lab.bump(client);
                        }),
                        says().dropped(Reason::policy_denied_egress), asks().dropped(Reason::policy_denied_egress)}},
        {"another container's change concerns nobody else", opened + Steps{closes_to(api), asked(), said()}},
        {"a changed decision that is the same is no event",
         opened + Steps{bump_all(), asked(), said(), change([](Lab& lab) { lab.bump(web); }), said(), asked()}},
        {"the peer's identity changes: policy sees the new one",
         Steps{change([](Lab& lab) { lab.policy(web, {abi::ingress}, {{abi::ingress, 1002, 0, 0, 71}}); })} + opened +
             Steps{change([](Lab& lab) {
                       Node renamed = client;
                       renamed.identity = 1099;
                       lab.endpoint(renamed);
                       lab.bump(client);
                   }),
                   says().dropped(Reason::policy_denied_ingress), asks().dropped(Reason::policy_denied_ingress)}},
        {"a container that has gone",
         opened + Steps{change([](Lab& lab) {
                            lab.remove_endpoint(web);
                            lab.bump(web);
                        }),
                        asks().dropped(Reason::no_endpoint), says().dropped(Reason::bad_source)}},
    });

PACKET_ROWS(next_hop, {
                          {"a container with a new MAC", opened + Steps{change([](Lab& lab) {
                                                                            const Node moved = moved_web();
                                                                            lab.hop(9, Lab::hop_to(moved));
                                                                            lab.endpoint(moved);
                                                                            lab.bump(web);
                                                                        }),
                                                                        asks().to(moved_web(), forth.ttl(63))}},
                      });

PACKET_ROWS(
    services_change,
    {
        {"a connection keeps its backend when others come",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          offer(http, {{api, 8080}, {other, 8080}, {web, 8080}}), change([](Lab& lab) { lab.bump_front(http); }),
          sends(client, tcp(client, vip, 4000, 80)).to(web, tcp(client, web, 4000, 8080).ttl(63)),
          sends(web, tcp(web, client, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63)), bump_all(),
          sends(web, tcp(web, client, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80)).to(web, tcp(client, web, 4000, 8080).ttl(63))}},
        {"so does UDP while its backend is one",
         {offer(dns, {{web, 53}}),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          offer(dns, {{api, 53}, {other, 53}, {web, 53}}), bump_all(),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)),
          sends(web, udp(web, client, 53, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63))}},
        {"a terminating backend keeps its flows",
         {offer(dns, {{web, 53}}),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news(),
          offer(dns, {{api, 53}}), change([](Lab& lab) {
              lab.member(dns, web, 53, 0);
              lab.bump(web);
          }),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63))}},
        {"adding a backend changes nothing for live flows, without a bump",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          offer(http, {{web, 8080}, {api, 8080}}),
          sends(client, tcp(client, vip, 4000, 80)).to(web, tcp(client, web, 4000, 8080).ttl(63))}},
        {"UDP leaves a removed backend with the next packet, once and for all",
         {offer(dns, {{web, 5353}}),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)).news(),
          sends(web, udp(web, client, 5353, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63)),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)), change([](Lab& lab) {
              lab.remove_member(dns, web, 5353);
              lab.service(dns, {{api, 5300}}, 20);
              lab.bump(web);
          }),
          sends(client, udp(client, vip, 4000, 53))
              .to(api, udp(client, api, 4000, 5300).ttl(63))
              .news()
              .flagged(redecided | translated),
          sends(api, udp(api, client, 5300, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63)),
          sends(client, udp(client, vip, 4000, 53)).to(api, udp(client, api, 4000, 5300).ttl(63)),
          sends(client, udp(client, vip, 4000, 53)).to(api, udp(client, api, 4000, 5300).ttl(63)),
          // What the old one still says is no answer of the service any more.
          sends(web, udp(web, client, 5353, 4000)).to(client, udp(web, client, 5353, 4000).ttl(63)).news()}},
        {"TCP stays with a removed backend as long as it lives",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          change([](Lab& lab) {
              lab.remove_member(http, web, 8080);
              lab.service(http, {{api, 8080}}, 20);
              lab.bump(web);
          }),
          sends(client, tcp(client, vip, 4000, 80)).to(web, tcp(client, web, 4000, 8080).ttl(63)),
          sends(web, tcp(web, client, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63)),
          sends(client, tcp(client, vip, 4001, 80).flags(syn))
              .to(api, tcp(client, api, 4001, 8080).flags(syn).ttl(63))
              .news()}},
        {"and is reset when it is gone",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          change([](Lab& lab) {
              lab.remove_member(http, web, 8080);
              lab.service(http, {{api, 8080}}, 20);
              lab.remove_endpoint(web);
              lab.bump(web);
          }),
          sends(client, tcp(client, vip, 4000, 80).numbers(7, 99))
              .refused(Reason::no_flow, tcp(vip, client, 80, 4000)
                                            .flags(rst)
                                            .numbers(99, 0)
                                            .dont_frag()
                                            .macs(client.mac, client.gateway)),
          // The client opens anew, from the same port: the tuple is free.
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(api, tcp(client, api, 4000, 8080).flags(syn).ttl(63))
              .news()}},
        {"an answer that was on its way when its UDP backend went arrives, and the next question goes elsewhere",
         {offer(dns, {{web, 5353}}),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)).news(),
          change([](Lab& lab) {
              lab.remove_member(dns, web, 5353);
              lab.service(dns, {{api, 53}}, 20);
              lab.bump(web);
          }),
          sends(web, udp(web, client, 5353, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63)),
          sends(web, udp(web, client, 5353, 4000)).to(client, udp(vip, client, 53, 4000).ttl(63)),
          sends(client, udp(client, vip, 4000, 53)).to(api, udp(client, api, 4000, 53).ttl(63)).news(),
          sends(web, udp(web, client, 5353, 4000)).to(client, udp(web, client, 5353, 4000).ttl(63)).news()}},
        {"but not for ever, and not against policy",
         {offer(dns, {{web, 5353}}),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)).news(),
          sends(client, udp(client, vip, 4001, 53)).to(web, udp(client, web, 4001, 5353).ttl(63)).news(),
          change([](Lab& lab) {
              lab.remove_member(dns, web, 5353);
              lab.service(dns, {{api, 53}}, 20);
              lab.age(udp(client, vip, 4000, 53), 1000);
              lab.bump(web);
          }),
          sends(web, udp(web, client, 5353, 4000)).dropped(Reason::no_flow), change([](Lab& lab) {
              lab.policy(client, {abi::egress}, {});
              lab.bump(client);
          }),
          sends(web, udp(web, client, 5353, 4001)).dropped(Reason::policy_denied_egress), change([](Lab& lab) {
              lab.endpoint(client);
              lab.bump(client);
          }),
          sends(client, udp(client, vip, 4001, 53)).to(api, udp(client, api, 4001, 53).ttl(63)).news()}},
        {"the last UDP backend goes: refused at once",
         {offer(dns, {{web, 5353}}),
          sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63)).news(),
          change([](Lab& lab) {
              lab.remove_member(dns, web, 5353);
              lab.service(dns, {});
              lab.bump(web);
              lab.bump_front(dns);
          }),
          sends(client, udp(client, vip, 4000, 53))
              .refused(Reason::no_backend, icmp(vip, client, port_unreachable)
                                               .quotes(udp(client, vip, 4000, 53))
                                               .dont_frag()
                                               .macs(client.mac, client.gateway)),
          offer(dns, {{api, 53}}), change([](Lab& lab) { lab.bump_front(dns); }),
          sends(client, udp(client, vip, 4000, 53)).to(api, udp(client, api, 4000, 53).ttl(63)).news()}},
        {"a service that goes takes its connections with it",
         {offer(http, {{web, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63))
              .news(),
          change([](Lab& lab) {
              lab.remove_service(http);
              lab.bump_front(http);
          }),
          sends(client, tcp(client, vip, 4000, 80).numbers(7, 99))
              .refused(
                  Reason::no_service,
                  tcp(vip, client, 80, 4000).flags(rst).numbers(99, 0).dont_frag().macs(client.mac, client.gateway))}},
        {"a service that appears after datagrams were sent to its address takes them over",
         {sends(client, udp(client, outside, 4000, 53)).passes().news().between(1002, abi::identity_world),
          sends(client, udp(client, outside, 4000, 53)).passes(), change([](Lab& lab) {
              lab.service({outside, 53, abi::proto_udp}, {{web, 5353}});
              lab.bump_front({outside, 53, abi::proto_udp});
          }),
          sends(client, udp(client, outside, 4000, 53))
              .to(web, udp(client, web, 4000, 5353).ttl(63))
              .news()
              .flagged(redecided | translated),
          sends(web, udp(web, client, 5353, 4000)).to(client, udp(outside, client, 53, 4000).ttl(63)),
          sends(client, udp(client, outside, 4000, 53)).to(web, udp(client, web, 4000, 5353).ttl(63))}},
        {"one that is its own backend stays so",
         {offer(http, {{client, 8080}}),
          sends(client, tcp(client, vip, 4000, 80).flags(syn))
              .to(client, tcp(loopback, client, 4000, 8080).flags(syn).ttl(63))
              .news(),
          bump_all(), sends(client, tcp(client, loopback, 8080, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63)),
          sends(client, tcp(client, vip, 4000, 80)).to(client, tcp(loopback, client, 4000, 8080).ttl(63))}},
    });

}  // namespace
}  // namespace beeline::packet
