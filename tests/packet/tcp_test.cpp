// TCP: connections that are not known, that end, and that come again.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Reason;
using Flags = std::uint8_t;

// Packets of one connection, client 4000 to web 80.
Step asks(Flags flags) {
    return sends(client, tcp(client, web, 4000, 80).flags(flags));
}
Step says(Flags flags) {
    return sends(web, tcp(web, client, 80, 4000).flags(flags));
}
Step asked(Flags flags) {
    return asks(flags).to(web, tcp(client, web, 4000, 80).flags(flags).ttl(63));
}
Step said(Flags flags) {
    return says(flags).to(client, tcp(web, client, 80, 4000).flags(flags).ttl(63));
}

using Steps = std::vector<Step>;
Steps operator+(Steps a, const Steps& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}
const Steps opened{asked(syn).news(), said(syn | ack), asked(ack)};
const Steps ended = opened + Steps{asked(fin | ack), said(ack), said(fin | ack), asked(ack)};

Step see(std::function<void(Lab&)> what) {
    return change(std::move(what));
}
const Packet forth = tcp(client, web, 4000, 80), back = tcp(web, client, 80, 4000);
Step closing_is(std::size_t length) {
    return see([=](Lab& lab) { EXPECT_EQ(lab.closing(), length) << "pairs in the queue"; });
}
Step closed_is(bool closed) {
    return see([=](Lab& lab) {
        for (const Packet& p : {forth, back}) {
            const auto entry = lab.entry_of(p);
            ASSERT_TRUE(entry.has_value());
            EXPECT_EQ((entry->flags & abi::flow_closed) != 0, closed);
        }
    });
}
Step isolate(const Node& n, std::vector<abi::Direction> directions, std::vector<Rule> rules = {}) {
    return change([=](Lab& lab) { lab.policy(n, directions, rules); });
}

PACKET_ROWS(
    midstream,
    {
        {"the middle of an unknown connection is taken up where no policy speaks against it",
         {asked(ack).news(), said(ack), asked(ack)}},
        {"from the answering side as well", {said(syn | ack).news(), asked(ack)}},
        {"the denied side's answer does not open what policy denies",
         {isolate(web, {abi::ingress}), says(ack).dropped(Reason::no_flow), says(syn | ack).dropped(Reason::no_flow)}},
        {"nor the denied side's own", {isolate(web, {abi::ingress}), asks(ack).dropped(Reason::policy_denied_ingress)}},
        {"the asker's egress counts too", {isolate(client, {abi::egress}), says(ack).dropped(Reason::no_flow)}},
        {"a segment with payload, FIN or RST is no better",
         {isolate(web, {abi::ingress}), says(fin | ack).dropped(Reason::no_flow), says(rst).dropped(Reason::no_flow)}},
        {"allowed both ways round it is taken up",
         {isolate(web, {abi::ingress}, {{abi::ingress, 1002, abi::proto_tcp, 80, 61}}), asked(ack).news().rule(61)}},
        {"seen from the answering side, the asked port is the answer's source",
         {isolate(web, {abi::ingress}, {{abi::ingress, 1002, abi::proto_tcp, 80, 61}}), said(ack).news()}},
        {"a SYN needs no more than its own direction",
         {isolate(web, {abi::ingress}), says(syn).to(client, back.flags(syn).ttl(63)).news()}},
        {"flags that mean nothing are no opening", {isolate(web, {abi::ingress}), says(0).dropped(Reason::no_flow)}},
        {"host and container: the host may always ask, so the middle passes",
         {isolate(web, {abi::ingress}), sends(web, tcp(web, host, 80, 4000)).passes().news()}},
    });

PACKET_ROWS(retransmission,
            {
                {"a SYN that comes again is the same connection: no event, no new decision",
                 {asked(syn).news(), asked(syn), said(syn | ack), said(syn | ack), asked(syn), asked(ack)}},
                {"a SYN from the answering side of a living connection goes the connection's way",
                 opened + Steps{said(syn), asked(ack), closing_is(0)}},
                {"both sides open at once: one connection",
                 {asked(syn).news(), said(syn), asked(syn | ack), said(ack)}},
            });

PACKET_ROWS(closing,
            {
                {"one FIN does not end it",
                 opened + Steps{asked(fin | ack), said(ack), said(psh | ack), closed_is(false), closing_is(0)}},
                {"two FINs do, and the last ACK passes",
                 ended + Steps{closed_is(true), closing_is(1), asked(ack), closing_is(1)}},
                {"FINs that come again do not queue it twice",
                 ended + Steps{said(fin | ack), asked(fin | ack), closing_is(1)}},
                {"a reset ends it at once", opened + Steps{said(rst | ack), closed_is(true), closing_is(1)}},
                {"a reset by the asker", opened + Steps{asked(rst), closed_is(true), closing_is(1)}},
                {"a reset proves nothing: the next segment of that side shows that it lives",
                 opened + Steps{said(rst), closed_is(true), said(ack), closed_is(false), said(ack), asked(ack)}},
                {"the other side's segments do not revive it", opened + Steps{said(rst), asked(ack), closed_is(true)}},
                {"a SYN after the end is a new connection",
                 ended + Steps{asked(syn).news(), closed_is(false), said(syn | ack), asked(ack)}},
                {"a SYN after a reset as well", opened + Steps{said(rst), asked(syn).news(), closed_is(false)}},
                {"after the end the answering side may open one of its own from the same port",
                 ended + Steps{said(syn).news().about(back), asked(syn | ack), said(ack)}},
                {"a refused connection is over: SYN, reset, SYN",
                 {asked(syn).news(), said(rst | ack), asked(syn).news(), said(rst | ack), asked(syn).news()}},
                {"a connection of the same tuple that ended is decided anew, policy included",
                 ended + Steps{isolate(web, {abi::ingress}), asks(syn).dropped(Reason::policy_denied_ingress)}},
            });

// What every new flow takes out of the queue.
Step other_flow(std::uint16_t port) {
    return sends(api, udp(api, other, port, 53)).to(other, udp(api, other, port, 53).ttl(63)).news();
}
Step time_passes(std::uint32_t units) {
    return change([=](Lab& lab) {
        lab.age(forth, units);
        lab.age(back, units);
        lab.age_closing(units);
    });
}
Step table_is(Lab::Table table) {
    return see([=](Lab& lab) {
        EXPECT_EQ(lab.table_of(forth), table);
        EXPECT_EQ(lab.table_of(back), table);
    });
}

PACKET_ROWS(draining,
            {
                {"a closed pair lingers", ended + Steps{other_flow(1), table_is(Lab::Table::flows), closing_is(1)}},
                {"then the next new flow takes it away",
                 ended + Steps{time_passes(41), other_flow(1), table_is(Lab::Table::none), closing_is(0)}},
                {"which it does sooner while the table is filling",
                 ended + Steps{time_passes(5), other_flow(1), table_is(Lab::Table::flows),
                               change([](Lab& lab) { lab.datapath().hurry(true); }), other_flow(2),
                               table_is(Lab::Table::none)}},
                {"not if it was heard of since",
                 ended + Steps{time_passes(41), asked(ack), other_flow(1), table_is(Lab::Table::flows)}},
                {"not if it lives",
                 opened + Steps{said(rst), said(ack), time_passes(41), other_flow(1), table_is(Lab::Table::flows)}},
                {"not if the tuple is a new connection by now",
                 ended + Steps{asked(syn).news(), time_passes(41), other_flow(1), table_is(Lab::Table::flows)}},
                {"two at a time",
                 {change([](Lab& lab) {
                      for (std::uint16_t port = 1; port <= 3; port++) {
                          Outcome last;
                          run_step(lab,
                                   sends(client, tcp(client, web, port, 80).flags(syn))
                                       .to(web, tcp(client, web, port, 80).flags(syn).ttl(63))
                                       .news(),
                                   last);
                          run_step(lab,
                                   sends(client, tcp(client, web, port, 80).flags(rst))
                                       .to(web, tcp(client, web, port, 80).flags(rst).ttl(63)),
                                   last);
                          lab.age(tcp(client, web, port, 80), 41);
                      }
                      lab.age_closing(41);
                  }),
                  closing_is(3), other_flow(1), closing_is(1), other_flow(2), closing_is(0)}},
            });

PACKET_ROWS(stale_and_closing,
            {
                {"a SYN on a connection that ended, after a change: still a new connection",
                 ended + Steps{change([](Lab& lab) { lab.bump(web); }), asked(syn).news().flagged(0), closed_is(false),
                               said(syn | ack), asked(ack), closed_is(false)}},
                {"the last segments of a connection, after a change, close it all the same",
                 opened + Steps{asked(fin | ack), change([](Lab& lab) { lab.bump(web); }), said(fin | ack), asked(ack),
                                closing_is(1), closed_is(true)}},
                {"a reset after a change closes it",
                 opened + Steps{change([](Lab& lab) { lab.bump(client); }), said(rst), closed_is(true), closing_is(1)}},
            });

}  // namespace
}  // namespace beeline::packet
