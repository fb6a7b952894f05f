// The young table: what has not proved itself yet, and what happens when there is no room.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;
using Table = Lab::Table;
using Steps = std::vector<Step>;
const Packet question = udp(client, web, 4000, 53), answer = udp(web, client, 53, 4000);
const Packet forth = tcp(client, web, 4000, 80), back = tcp(web, client, 80, 4000);

Step asked(const Packet& p) {
    return sends(client, p).to(web, p.ttl(63));
}
Step said(const Packet& p) {
    return sends(web, p).to(client, p.ttl(63));
}
Step is_in(const Packet& p, Table table) {
    return change(
        [=](Lab& lab) { EXPECT_EQ(lab.table_of(p), table) << "table of " << p.from.name << " to " << p.to.name; });
}
Step both_in(const Packet& one, const Packet& two, Table table) {
    return change([=](Lab& lab) {
        EXPECT_EQ(lab.table_of(one), table);
        EXPECT_EQ(lab.table_of(two), table);
    });
}
Step no_budget() {
    return change([](Lab& lab) { lab.datapath().set_tcp_budget(0); });
}
Step many(unsigned times, const Step& step) {
    return change([=](Lab& lab) {
        Outcome last;
        for (unsigned i = 0; i < times; i++)
            run_step(lab, step, last);
    });
}
Step packets_are(const Packet& p, std::uint32_t packets) {
    return change([=](Lab& lab) {
        const auto entry = lab.entry_of(p);
        ASSERT_TRUE(entry.has_value());
        EXPECT_EQ(entry->packets, packets) << "packets of " << p.from.name << " to " << p.to.name;
    });
}

PACKET_ROWS(
    young,
    {
        {"a datagram starts young, and an exchange of two stays so",
         {asked(question).news(), both_in(question, answer, Table::young), said(answer),
          both_in(question, answer, Table::young)}},
        {"the originator's next packet after an answer makes it a flow",
         {asked(question).news(), said(answer), asked(question), both_in(question, answer, Table::flows), said(answer),
          asked(question)}},
        {"answers alone do not",
         {asked(question).news(), said(answer), said(answer), said(answer), both_in(question, answer, Table::young)}},
        {"nor do questions alone",
         {asked(question).news(), asked(question), asked(question), both_in(question, answer, Table::young)}},
        {"until there were many",
         {asked(question).news(), many(70, asked(question)), both_in(question, answer, Table::flows), said(answer)}},
        {"a ping starts young as well",
         {asked(echo(client, web, 5)).news(), is_in(echo(client, web, 5), Table::young),
          said(echo_reply(web, client, 5)), asked(echo(client, web, 5)),
          both_in(echo(client, web, 5), echo_reply(web, client, 5), Table::flows)}},
        {"counters go along",
         {asked(question).news(), packets_are(question, 1), said(answer), asked(question), packets_are(question, 2),
          packets_are(answer, 1), asked(question), packets_are(question, 3)}},
        {"through a service, too",
         {change([](Lab& lab) { lab.service({vip, 53, abi::proto_udp}, {{web, 5353}}); }),
          sends(client, udp(client, vip, 1, 53)).to(web, udp(client, web, 1, 5353).ttl(63)).news(),
          sends(web, udp(web, client, 5353, 1)).to(client, udp(vip, client, 53, 1).ttl(63)),
          sends(client, udp(client, vip, 1, 53)).to(web, udp(client, web, 1, 5353).ttl(63)),
          both_in(udp(client, vip, 1, 53), udp(web, client, 5353, 1), Table::flows)}},
        {"a lost other half is made again: the question's",
         {asked(question).news(), change([](Lab& lab) { lab.forget(question); }), asked(question).news(), said(answer),
          both_in(question, answer, Table::young)}},
        {"a lost other half is made again: the answer's",
         {asked(question).news(), change([](Lab& lab) { lab.forget(answer); }), asked(question), said(answer)}},
    });

PACKET_ROWS(tcp_budget,
            {
                {"TCP is a flow at once", {asked(forth.flags(syn)).news(), both_in(forth, back, Table::flows)}},
                {"beyond the budget it starts young",
                 {no_budget(), asked(forth.flags(syn)).news().noted(Reason::unproved),
                  both_in(forth, back, Table::young), said(back.flags(syn | ack)), asked(forth),
                  both_in(forth, back, Table::flows), said(back), asked(forth.payload(10))}},
                {"a budget of one",
                 {change([](Lab& lab) { lab.datapath().set_tcp_budget(1); }), asked(forth.flags(syn)).news(),
                  is_in(forth, Table::flows),
                  asked(tcp(client, web, 4001, 80).flags(syn)).news().noted(Reason::unproved),
                  is_in(tcp(client, web, 4001, 80), Table::young)}},
                {"a young SYN that comes again",
                 {no_budget(), asked(forth.flags(syn)).news().noted(Reason::unproved), asked(forth.flags(syn)),
                  is_in(forth, Table::young)}},
                {"a young connection that is reset proves nothing",
                 {no_budget(), asked(forth.flags(syn)).news().noted(Reason::unproved), said(back.flags(syn | ack)),
                  asked(forth.flags(rst)), both_in(forth, back, Table::young)}},
                {"a young connection that is refused may be tried again",
                 {no_budget(), asked(forth.flags(syn)).news().noted(Reason::unproved), said(back.flags(rst | ack)),
                  asked(forth.flags(syn)).news().noted(Reason::unproved)}},
                {"policy cuts a young flow as well",
                 {asked(question).news(), change([](Lab& lab) {
                      lab.policy(web, {abi::ingress}, {});
                      lab.bump(web);
                  }),
                  sends(client, question).dropped(Reason::policy_denied_ingress)}},
            });

PACKET_ROWS(full_table,
            {
                {"a full flow table: a new connection starts young, and works",
                 {change([](Lab& lab) { lab.fill_flows(0); }), asked(forth.flags(syn)).news().noted(Reason::degraded),
                  both_in(forth, back, Table::young), said(back.flags(syn | ack)), asked(forth),
                  both_in(forth, back, Table::young), asked(forth)}},
                {"room for one of two",
                 {change([](Lab& lab) { lab.fill_flows(1); }), asked(forth.flags(syn)).news().noted(Reason::degraded),
                  both_in(forth, back, Table::young), said(back.flags(syn | ack)), asked(forth)}},
                {"room for both",
                 {change([](Lab& lab) { lab.fill_flows(2); }), asked(forth.flags(syn)).news(),
                  both_in(forth, back, Table::flows)}},
                {"a flow that has proved itself finds no room and stays young",
                 {asked(question).news(), said(answer), change([](Lab& lab) { lab.fill_flows(1); }), asked(question),
                  both_in(question, answer, Table::young), said(answer), asked(question)}},
            });

// Two services in front of one backend, one client port: their answers would look alike.
const Front one{vip, 80, abi::proto_tcp}, two{vip2, 80, abi::proto_tcp};
const Front dns_one{vip, 53, abi::proto_udp}, dns_two{vip2, 53, abi::proto_udp};
Step offer_both(const Front& first, const Front& second) {
    return change([=](Lab& lab) {
        lab.service(first, {{web, first.port}});
        lab.service(second, {{web, second.port}}, 10);
    });
}
Step live_udp() {
    return sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news();
}
Step second_udp() {
    return sends(client, udp(client, vip2, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)).news();
}

PACKET_ROWS(clashes,
            {
                {"a silent flow's tuple is taken over, its port kept",
                 {offer_both(dns_one, dns_two), live_udp(), change([](Lab& lab) {
                      lab.age(udp(web, client, 53, 4000), 121);
                      lab.age(udp(client, vip, 4000, 53), 121);
                  }),
                  second_udp(), sends(web, udp(web, client, 53, 4000)).to(client, udp(vip2, client, 53, 4000).ttl(63)),
                  is_in(udp(client, vip, 4000, 53), Table::none)}},
                {"a closed connection's tuple is taken over after its linger",
                 {offer_both(one, two),
                  sends(client, tcp(client, vip, 4000, 80).flags(syn))
                      .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
                      .news(),
                  sends(web, tcp(web, client, 80, 4000).flags(rst | ack))
                      .to(client, tcp(vip, client, 80, 4000).flags(rst | ack).ttl(63)),
                  change([](Lab& lab) {
                      lab.age(tcp(web, client, 80, 4000), 41);
                      lab.age(tcp(client, vip, 4000, 80), 41);
                  }),
                  sends(client, tcp(client, vip2, 4000, 80).flags(syn))
                      .to(web, tcp(client, web, 4000, 80).flags(syn).ttl(63))
                      .news(),
                  sends(web, tcp(web, client, 80, 4000)).to(client, tcp(vip2, client, 80, 4000).ttl(63))}},
                {"a protocol without ports of ours cannot evade: the second flow is dropped",
                 {offer_both({vip, 132, abi::proto_sctp}, {vip2, 132, abi::proto_sctp}),
                  sends(client, sctp(client, vip, 4000, 132)).to(web, sctp(client, web, 4000, 132).ttl(63)).news(),
                  sends(client, sctp(client, vip2, 4000, 132)).dropped(Reason::tuple_clash),
                  sends(web, sctp(web, client, 132, 4000)).to(client, sctp(vip, client, 132, 4000).ttl(63))}},
            });

struct Rewritten {
    Packet first, second;  // as the client sends them
    Packet at_backend;     // the second one as the backend must see it, but for the source port
};

// Sends both packets; returns the port the second one got.
std::uint16_t second_port(Lab& lab, const Rewritten& r) {
    Outcome last;
    const auto port_place = lab.family() == Family::v4 ? 34U : 54U;
    lab.datapath().run({abi::Hook::from_container, device_of(client)}, r.first.frame(lab.family()));
    const Outcome got =
        lab.datapath().run({abi::Hook::from_container, device_of(client)}, r.second.frame(lab.family()));
    const auto port = static_cast<std::uint16_t>(got.frame[port_place] << 8 | got.frame[port_place + 1]);
    EXPECT_EQ(got.verdict, verdict_redirect);
    EXPECT_NE(port, r.second.sport) << "the port had to change";
    EXPECT_GE(port, 1024);
    Packet expected = r.at_backend;
    expected.sport = port;
    EXPECT_EQ(got.frame, expected.into(web).frame(lab.family())) << "everything else is as it must be, checksums too";
    return port;
}

TEST_P(Packets, one_client_port_to_two_services_of_one_backend_is_told_apart_by_a_new_port) {
    for (const bool by_udp : {false, true}) {
        Lab lab(GetParam());
        const auto make = by_udp ? udp : tcp;
        lab.service({vip, 80, by_udp ? abi::proto_udp : abi::proto_tcp}, {{web, 8080}});
        lab.service({vip2, 80, by_udp ? abi::proto_udp : abi::proto_tcp}, {{web, 8080}}, 10);
        const Packet second = make(client, vip2, 4000, 80).flags(syn),
                     seen = make(client, web, 0, 8080).ttl(63).flags(syn);
        const auto port = second_port(lab, {make(client, vip, 4000, 80).flags(syn), second, seen});
        Outcome last;
        run_step(lab, sends(web, make(web, client, 8080, port)).to(client, make(vip2, client, 80, 4000).ttl(63)), last);
        run_step(lab, sends(web, make(web, client, 8080, 4000)).to(client, make(vip, client, 80, 4000).ttl(63)), last);
        run_step(lab, sends(client, make(client, vip2, 4000, 80)).to(web, make(client, web, port, 8080).ttl(63)), last);
        // The port is kept when the flow is decided again, from either side.
        lab.bump_global();
        run_step(lab, sends(web, make(web, client, 8080, port)).to(client, make(vip2, client, 80, 4000).ttl(63)), last);
        run_step(lab, sends(client, make(client, vip2, 4000, 80)).to(web, make(client, web, port, 8080).ttl(63)), last);
        run_step(lab, sends(client, make(client, vip, 4000, 80)).to(web, make(client, web, 4000, 8080).ttl(63)), last);
    }
}

TEST_P(Packets, a_service_and_its_backend_by_its_own_address_from_one_client_port) {
    Lab lab(GetParam());
    lab.service(one, {{web, 80}});
    const auto port = second_port(lab, {tcp(client, vip, 4000, 80).flags(syn), tcp(client, web, 4000, 80).flags(syn),
                                        tcp(client, web, 0, 80).flags(syn).ttl(63)});
    Outcome last;
    run_step(lab, sends(web, tcp(web, client, 80, port)).to(client, tcp(web, client, 80, 4000).ttl(63)), last);
    run_step(lab, sends(web, tcp(web, client, 80, 4000)).to(client, tcp(vip, client, 80, 4000).ttl(63)), last);
    lab.bump_global();
    run_step(lab, sends(client, tcp(client, web, 4000, 80)).to(web, tcp(client, web, port, 80).ttl(63)), last);
}

TEST_P(Packets, a_flow_that_only_one_side_talks_on_keeps_its_tuple) {
    Lab lab(GetParam());
    lab.service(dns_one, {{web, 53}});
    lab.service(dns_two, {{web, 53}}, 10);
    Outcome last;
    run_step(lab, live_udp(), last);
    lab.age(udp(web, client, 53, 4000), 1000);  // nobody ever answered, but the client spoke just now
    second_port(lab, {udp(client, vip, 4000, 53), udp(client, vip2, 4000, 53), udp(client, web, 0, 53).ttl(63)});
    run_step(lab, sends(client, udp(client, vip, 4000, 53)).to(web, udp(client, web, 4000, 53).ttl(63)), last);
}

}  // namespace
}  // namespace beeline::packet
