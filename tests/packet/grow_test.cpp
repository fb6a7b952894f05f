// A flow table that grows: entries go from the table that was to the one that is, one by one, beside their packets.
#include "tests/packet/lab.h"

namespace beeline::packet {
namespace {
using abi::Collect;
using Places = std::map<unsigned, std::uint32_t>;
constexpr unsigned larger = 0, former = 1;
const Packet forth = tcp(client, web, 4000, 80), back = tcp(web, client, 80, 4000);
// Masqueraded: its two keys share no address.
const Packet out = udp(client, far, 4000, 53), in = udp(far, node, 53, 4000);

class Growing : public testing::TestWithParam<Family> {
protected:
    Growing() {
        run(sends(client, forth.flags(syn)).to(web, forth.flags(syn).ttl(63)).news());
        run(sends(web, back.flags(syn | ack)).to(client, back.flags(syn | ack).ttl(63)));
        client_speaks();
        lab.datapath().outgrow();
        lab.outgrows = false;
        stamp = lab.places_of(forth).at(former);
    }
    static Variant variant() {
        Variant v;
        v.family = GetParam();
        v.outgrown = true;
        return v;
    }
    void run(const Step& step) { run_step(lab, step, last); }
    void client_speaks() { run(sends(client, forth).to(web, forth.ttl(63))); }
    void server_speaks() { run(sends(web, back).to(client, back.ttl(63))); }
    unsigned copied(const Packet& p) { return lab.collect(p, Collect::copy).marked; }
    unsigned settled(const Packet& p) { return lab.collect(p, Collect::settle).removed; }
    std::uint32_t packets(const Packet& p) { return lab.entry_of(p)->packets; }

    Lab lab{variant()};
    Outcome last{};
    std::uint32_t stamp = 0;
};

TEST_P(Growing, an_entry_is_copied_with_its_decision_and_the_old_one_dies) {
    EXPECT_EQ(copied(forth), 1u);
    EXPECT_EQ(lab.places_of(forth), (Places{{larger, stamp}, {former, abi::stamp_dead}}));
    EXPECT_EQ(lab.places_of(back).count(former), 1u) << "each entry by itself";
    client_speaks();
    server_speaks();
    EXPECT_EQ(packets(forth), 3u) << "its counters go on";
}

TEST_P(Growing, a_copied_entry_goes_from_where_it_was) {
    for (const Packet& p : {forth, back}) {
        EXPECT_EQ(settled(p), 0u) << "not before it is copied";
        EXPECT_EQ(copied(p), 1u);
        EXPECT_EQ(copied(p), 0u) << "once";
        EXPECT_EQ(settled(p), 1u);
        EXPECT_EQ(settled(p), 0u);
        EXPECT_EQ(lab.places_of(p).size(), 1u);
        EXPECT_EQ(lab.places_of(p).count(larger), 1u);
        client_speaks();
        server_speaks();
    }
}

TEST_P(Growing, an_entry_that_a_program_rewrites_is_left_alone) {
    lab.write_late(forth, former, abi::stamp_rewriting, 0);
    EXPECT_EQ(copied(forth), 0u);
    EXPECT_EQ(lab.places_of(forth), (Places{{former, abi::stamp_rewriting}}));
}

TEST_P(Growing, what_the_larger_table_has_already_counts) {
    EXPECT_EQ(copied(forth), 1u);
    const std::uint32_t before = packets(forth);
    lab.write_late(forth, former, stamp, 0);
    EXPECT_EQ(copied(forth), 0u);
    EXPECT_EQ(packets(forth), before);
}

TEST_P(Growing, flags_and_counters_that_were_noted_late_are_not_lost) {
    EXPECT_EQ(copied(forth), 1u);
    const std::uint32_t before = packets(forth);
    lab.write_late(forth, former, abi::stamp_dead, abi::tcp_fin);
    EXPECT_EQ(settled(forth), 1u);
    EXPECT_EQ(packets(forth), before + 100);
    EXPECT_TRUE(lab.entry_of(forth)->tcp & abi::tcp_fin);
}

TEST_P(Growing, what_was_taken_back_since_the_copy_is_not_taken_over) {
    lab.write_late(forth, former, stamp, abi::tcp_rst);
    EXPECT_EQ(copied(forth), 1u);
    client_speaks();  // no reset after all
    EXPECT_FALSE(lab.entry_of(forth)->tcp & abi::tcp_rst);
    EXPECT_EQ(settled(forth), 1u);
    EXPECT_FALSE(lab.entry_of(forth)->tcp & abi::tcp_rst);
}

TEST_P(Growing, a_decision_that_came_late_is_taken_over_and_the_entry_goes_a_walk_later) {
    EXPECT_EQ(copied(forth), 1u);
    lab.stamp(forth, stamp);                 // in both: current
    lab.bump_global();                       // both are stale
    lab.write_late(forth, former, 4711, 0);  // decided anew by a program that had found the old entry
    EXPECT_EQ(settled(forth), 0u);
    EXPECT_EQ(lab.places_of(forth), (Places{{larger, 4711}, {former, abi::stamp_dead}}));
    EXPECT_EQ(settled(forth), 1u);
}

TEST_P(Growing, a_decision_that_came_late_does_not_replace_a_current_one) {
    EXPECT_EQ(copied(forth), 1u);
    lab.write_late(forth, former, 4711, 0);
    EXPECT_EQ(settled(forth), 0u);
    EXPECT_EQ(lab.places_of(forth), (Places{{larger, stamp}, {former, abi::stamp_dead}}));
}

TEST_P(Growing, a_connection_closes_half_moved) {
    EXPECT_EQ(copied(back), 1u);
    run(sends(client, forth.flags(fin | ack)).to(web, forth.flags(fin | ack).ttl(63)));
    run(sends(web, back.flags(fin | ack)).to(client, back.flags(fin | ack).ttl(63)));
    EXPECT_EQ(lab.closing(), 1u);
    EXPECT_EQ(copied(forth), 1u);
    EXPECT_EQ(settled(forth) + settled(back), 2u);
    for (const Packet& p : {forth, back})
        EXPECT_TRUE(lab.entry_of(p)->flags & abi::flow_closed);
}

TEST_P(Growing, a_masqueraded_flow_keeps_its_port_half_moved) {
    lab.outgrows = true;
    const Packet masked = udp(node, far, 4000, 53).macs(client.gateway, client.mac).ttl(63);
    run(sends(client, out).leaves(masked).news());
    run(arrives(in).to(client, udp(far, client, 53, 4000).ttl(63)));
    run(sends(client, out).leaves(masked));
    lab.datapath().outgrow();
    lab.outgrows = false;
    EXPECT_EQ(copied(in), 1u);
    lab.bump_global();
    run(sends(client, out).leaves(masked));
    run(arrives(in).to(client, udp(far, client, 53, 4000).ttl(63)));
}

INSTANTIATE_TEST_SUITE_P(Families, Growing, testing::Values(Family::v4, Family::v6),
                         [](const auto& info) { return info.param == Family::v4 ? "v4" : "v6"; });

}  // namespace
}  // namespace beeline::packet
