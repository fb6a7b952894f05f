// bl_collect(): which pairs it marks and removes, and what brings a marked one back to life. And the quota.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Collect;
using abi::Reason;
using Table = Lab::Table;
using Steps = std::vector<Step>;

// As tests/packet/datapath.cpp configures them.
constexpr std::uint32_t udp_timeout = 120, replied_timeout = 480, tcp_timeout = 100000, syn_timeout = 240;

// A client and a server that have a flow in the flow table, as seen by either.
struct Talk {
    Packet forth, back;            // as each end sends
    Packet forth_seen, back_seen;  // as the other gets it
};
const Talk plain{tcp(client, web, 4000, 80), tcp(web, client, 80, 4000), tcp(client, web, 4000, 80).ttl(63),
                 tcp(web, client, 80, 4000).ttl(63)};
const Talk through_service{tcp(client, vip, 4000, 80), tcp(web, client, 8080, 4000),
                           tcp(client, web, 4000, 8080).ttl(63), tcp(vip, client, 80, 4000).ttl(63)};

class Life {
public:
    Life(Lab& lab, const Talk& talk) : lab_(lab), talk_(talk) {
        lab.service({vip, 80, abi::proto_tcp}, {{web, 8080}});
        run_step(lab, sends(client, talk.forth.flags(syn)).to(web, seen(talk.forth_seen, syn)).news(), last_);
        run_step(lab, sends(web, talk.back.flags(syn | ack)).to(client, seen(talk.back_seen, syn | ack)), last_);
        client_speaks();
        both_in(Table::flows);
    }
    void client_speaks() { run_step(lab_, sends(client, talk_.forth).to(web, talk_.forth_seen), last_); }
    void server_speaks() { run_step(lab_, sends(web, talk_.back).to(client, talk_.back_seen), last_); }
    void silent_for(std::uint32_t units) {
        lab_.age(talk_.forth, units);
        lab_.age(talk_.back, units);
    }
    unsigned mark() { return lab_.collect(talk_.forth, Collect::mark).marked; }
    unsigned remove() { return lab_.collect(talk_.forth, Collect::remove).removed; }
    void both_in(Table table) {
        EXPECT_EQ(lab_.table_of(talk_.forth), table);
        EXPECT_EQ(lab_.table_of(talk_.back), table);
    }
    bool marked() {
        const auto dead = [&](const Packet& p) { return lab_.entry_of(p)->stamp == abi::stamp_dead; };
        EXPECT_EQ(dead(talk_.forth), dead(talk_.back)) << "both or none";
        return dead(talk_.forth);
    }

private:
    static Packet seen(const Packet& p, std::uint8_t flags) { return p.flags(flags); }
    Lab& lab_;
    Talk talk_;
    Outcome last_;
};

TEST_P(Packets, a_pair_that_is_over_is_marked_then_removed) {
    for (const Talk& talk : {plain, through_service}) {
        Lab lab(GetParam());
        Life life(lab, talk);
        EXPECT_EQ(life.mark(), 0u) << "it lives";
        life.silent_for(tcp_timeout + 10);
        EXPECT_EQ(life.remove(), 0u) << "not without a mark";
        EXPECT_EQ(life.mark(), 2u);
        EXPECT_TRUE(life.marked());
        EXPECT_EQ(life.mark(), 0u) << "once is enough";
        EXPECT_EQ(life.remove(), 2u);
        life.both_in(Table::none);
    }
}

TEST_P(Packets, a_packet_of_either_end_brings_a_marked_pair_back_to_life) {
    for (const Talk& talk : {plain, through_service})
        for (const bool by_server : {false, true}) {
            SCOPED_TRACE(by_server ? "the server speaks" : "the client speaks");
            Lab lab(GetParam());
            Life life(lab, talk);
            life.silent_for(tcp_timeout + 10);
            EXPECT_EQ(life.mark(), 2u);
            by_server ? life.server_speaks() : life.client_speaks();
            EXPECT_FALSE(life.marked()) << "decided anew, both entries";
            EXPECT_EQ(life.remove(), 0u);
            life.both_in(Table::flows);
            life.client_speaks();
            life.server_speaks();
        }
}

TEST_P(Packets, one_direction_that_is_heard_of_keeps_both) {
    Lab lab(GetParam());
    Life life(lab, through_service);
    lab.age(through_service.forth, tcp_timeout + 10);
    EXPECT_EQ(life.mark(), 0u);
    EXPECT_FALSE(life.marked());
}

TEST_P(Packets, a_pair_that_was_marked_long_ago_and_heard_of_since_stays) {
    Lab lab(GetParam());
    Life life(lab, plain);
    lab.stamp(plain.forth, abi::stamp_dead);
    lab.stamp(plain.back, abi::stamp_dead);
    EXPECT_EQ(life.remove(), 0u);
    life.both_in(Table::flows);
}

TEST_P(Packets, an_entry_that_a_cpu_is_rewriting_is_left_alone) {
    for (const Packet& half : {through_service.forth, through_service.back}) {
        Lab lab(GetParam());
        Life life(lab, through_service);
        life.silent_for(tcp_timeout + 10);
        const auto before = lab.entry_of(half)->stamp;
        lab.stamp(half, abi::stamp_rewriting);
        EXPECT_EQ(life.mark(), 0u);
        EXPECT_EQ(life.remove(), 0u);
        EXPECT_EQ(lab.entry_of(half)->stamp, abi::stamp_rewriting);
        lab.stamp(half, before);
        EXPECT_EQ(life.mark(), 2u);
    }
}

TEST_P(Packets, the_answers_entry_is_only_judged_where_the_other_is_missing) {
    Lab lab(GetParam());
    Life life(lab, plain);
    life.silent_for(tcp_timeout + 10);
    EXPECT_EQ(lab.collect(plain.back, Collect::mark).marked, 0u);
    lab.forget(plain.forth);
    EXPECT_EQ(lab.collect(plain.back, Collect::mark).marked, 1u);
    EXPECT_EQ(lab.collect(plain.back, Collect::remove).removed, 1u);
}

TEST_P(Packets, a_reply_key_that_another_flow_owns_by_now_is_not_taken_along) {
    Lab lab(GetParam());
    lab.service({vip2, 80, abi::proto_tcp}, {{web, 8080}}, 10);
    Life life(lab, through_service);
    life.silent_for(tcp_timeout + 10);
    lab.forget(through_service.back);
    Outcome last;
    const Packet second = tcp(client, vip2, 4000, 80).flags(syn);
    run_step(lab, sends(client, second).to(web, tcp(client, web, 4000, 8080).flags(syn).ttl(63)).news(), last);
    EXPECT_EQ(life.mark(), 1u);
    EXPECT_EQ(life.remove(), 1u);
    EXPECT_EQ(lab.table_of(through_service.back), Table::flows) << "the second flow's";
}

TEST_P(Packets, a_handshake_that_is_not_finished_waits_as_long_as_one_that_nobody_answered) {
    Lab lab(GetParam());
    Outcome last;
    run_step(lab, sends(client, plain.forth.flags(syn)).to(web, plain.forth_seen.flags(syn)).news(), last);
    run_step(lab, sends(web, plain.back.flags(syn | ack)).to(client, plain.back_seen.flags(syn | ack)), last);
    lab.age(plain.forth, syn_timeout - 2);
    lab.age(plain.back, syn_timeout - 2);
    EXPECT_EQ(lab.collect(plain.forth, Collect::mark).marked, 0u);
    lab.age(plain.forth, 4);
    lab.age(plain.back, 4);
    EXPECT_EQ(lab.collect(plain.forth, Collect::mark).marked, 2u) << "a flood of them must not own the table for hours";
}

TEST_P(Packets, an_answered_datagram_flow_waits_longer) {
    Lab lab(GetParam());
    Outcome last;
    const Packet question = udp(client, web, 4000, 53), answer = udp(web, client, 53, 4000);
    run_step(lab, sends(client, question).to(web, question.ttl(63)).news(), last);
    run_step(lab, sends(web, answer).to(client, answer.ttl(63)), last);
    run_step(lab, sends(client, question).to(web, question.ttl(63)), last);
    for (const Packet& p : {question, answer})
        lab.age(p, udp_timeout + 10);
    EXPECT_EQ(lab.collect(question, Collect::mark).marked, 0u);
    for (const Packet& p : {question, answer})
        lab.age(p, replied_timeout);
    EXPECT_EQ(lab.collect(question, Collect::mark).marked, 2u);
}

TEST_P(Packets, a_masqueraded_pair_goes_together_although_its_keys_share_nothing) {
    Lab lab(GetParam());
    const Packet out = tcp(client, far, 4000, 80), answer = tcp(far, node, 80, 4000);
    Outcome last;
    const Packet on_wire = tcp(node, far, 4000, 80).macs(client.gateway, client.mac).ttl(63);
    run_step(lab, sends(client, out.flags(syn)).leaves(on_wire.flags(syn)).news(), last);
    EXPECT_EQ(lab.table_of(answer), Table::flows);
    lab.age(out, syn_timeout + 10);
    EXPECT_EQ(lab.collect(out, Collect::mark).marked, 0u) << "the answer's entry is young";
    lab.age(answer, syn_timeout + 10);
    EXPECT_EQ(lab.collect(out, Collect::mark).marked, 2u);
    const auto back_seen = tcp(far, client, 80, 4000).ttl(63);
    run_step(lab, arrives(answer.flags(syn | ack)).to(client, back_seen.flags(syn | ack)), last);
    run_step(lab, sends(client, out).leaves(on_wire), last);
    EXPECT_EQ(lab.collect(out, Collect::remove).removed, 0u) << "it was answered: alive, under the same port";
    for (const Packet& p : {out, answer})
        lab.age(p, tcp_timeout + 10);
    EXPECT_EQ(lab.collect(out, Collect::mark).marked, 2u);
    EXPECT_EQ(lab.collect(out, Collect::remove).removed, 2u);
    EXPECT_EQ(lab.table_of(out), Table::none);
    EXPECT_EQ(lab.table_of(answer), Table::none);
}

TEST_P(Packets, flushing_takes_both_entries_whichever_is_named_and_wherever_they_are) {
    for (const bool by_answer : {false, true}) {
        Lab lab(GetParam());
        Life life(lab, through_service);
        EXPECT_EQ(lab.collect(by_answer ? through_service.back : through_service.forth, Collect::flush).removed, 2u);
        life.both_in(Table::none);
        Outcome last;
        const Packet question = udp(client, web, 4000, 53), answer = udp(web, client, 53, 4000);
        run_step(lab, sends(client, question).to(web, question.ttl(63)).news(), last);
        EXPECT_EQ(lab.table_of(question), Table::young);
        EXPECT_EQ(lab.collect(by_answer ? answer : question, Collect::flush).removed, 2u);
        EXPECT_EQ(lab.table_of(answer), Table::none);
        EXPECT_EQ(lab.collect(question, Collect::flush).removed, 0u);
    }
}

// Both protocols, and more flows than there is room for in either table.
void flood(Lab& lab) {
    for (std::uint16_t port = 10000; port < 16000; port++) {
        const Packet first = port % 2 ? udp(other, api, port, 53) : tcp(other, api, port, 80).flags(syn);
        lab.datapath().run_unheard({abi::Hook::from_container, device_of(other)}, first.frame(lab.family()), 1);
    }
    // Takes the events of all of them.
    lab.datapath().run({abi::Hook::from_container, device_of(other)}, udp(other, api, 9999, 53).frame(lab.family()));
}

TEST_P(Packets, a_flood_of_flows_of_one_packet_costs_no_established_flow_its_entry) {
    Lab lab(GetParam());
    constexpr std::uint16_t flows = 100;
    const auto ask = [](std::uint16_t n) { return tcp(client, web, static_cast<std::uint16_t>(4000 + n), 80); };
    const auto reply = [](std::uint16_t n) { return tcp(web, client, 80, static_cast<std::uint16_t>(4000 + n)); };
    Outcome last;
    for (std::uint16_t n = 0; n < flows; n++)
        lab.datapath().run_unheard({abi::Hook::from_container, device_of(client)},
                                   ask(n).flags(syn).frame(lab.family()), 1);
    flood(lab);
    unsigned lost = 0;
    for (std::uint16_t n = 0; n < flows; n++)
        lost += lab.table_of(ask(n)) != Table::flows || lab.table_of(reply(n)) != Table::flows;
    EXPECT_EQ(lost, 0u);
    const Packet late = tcp(client, web, 5000, 80).flags(syn);
    const Outcome got = lab.datapath().run({abi::Hook::from_container, device_of(client)}, late.frame(lab.family()));
    EXPECT_EQ(got.verdict, verdict_redirect);
    EXPECT_EQ(got.counted.count(Reason::degraded), 1u) << "it works, and it is said that it may be forgotten";
    run_step(lab, sends(web, reply(7)).to(client, reply(7).ttl(63)), last);
}

const Packet question = udp(client, web, 4000, 53), answer = udp(web, client, 53, 4000);
const Packet forth = plain.forth, back = plain.back;
Step asked(const Packet& p) {
    return sends(client, p).to(web, p.ttl(63));
}
Step said(const Packet& p) {
    return sends(web, p).to(client, p.ttl(63));
}
Step crowd(const Node& n, bool crowded = true) {
    return change([=](Lab& lab) { lab.crowd(n, crowded); });
}
Step both_in(const Packet& one, const Packet& two, Table table) {
    return change([=](Lab& lab) {
        EXPECT_EQ(lab.table_of(one), table);
        EXPECT_EQ(lab.table_of(two), table);
    });
}

PACKET_ROWS(quota,
            {
                {"who has its quota of flows opens new ones in the young table only",
                 {crowd(client), asked(forth.flags(syn)).news().noted(Reason::crowded),
                  both_in(forth, back, Table::young), said(back.flags(syn | ack)), asked(forth), said(back),
                  asked(forth), both_in(forth, back, Table::young)}},
                {"once it has fewer, they become flows like any other",
                 {crowd(client), asked(forth.flags(syn)).news().noted(Reason::crowded), said(back.flags(syn | ack)),
                  crowd(client, false), asked(forth), both_in(forth, back, Table::flows), said(back), asked(forth)}},
                {"datagrams as well",
                 {crowd(client), asked(question).news(), said(answer), asked(question),
                  both_in(question, answer, Table::young)}},
                {"flows it has stay where they are",
                 {asked(forth.flags(syn)).news(), crowd(client), said(back.flags(syn | ack)), asked(forth), said(back),
                  both_in(forth, back, Table::flows)}},
                {"who is spoken to does not pay for it",
                 {crowd(web), asked(forth.flags(syn)).news(), both_in(forth, back, Table::flows)}},
            });

}  // namespace
}  // namespace beeline::packet
