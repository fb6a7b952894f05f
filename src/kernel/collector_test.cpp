#include "kernel/collector.h"

#include <gtest/gtest.h>

#include <map>

#include "kernel/loads.h"
#include "kernel/plans.h"
#include "kernel/table.h"

namespace beeline::kernel {
namespace {

using namespace fake;
constexpr FlowTimeouts timeouts{.timeout_tcp_syn = 60,
                                .timeout_tcp = 1000,
                                .timeout_tcp_closing = 30,
                                .timeout_udp = 30,
                                .timeout_udp_replied = 120,
                                .timeout_icmp = 20,
                                .close_linger = 10};
using Entries = std::map<abi::FlowKey4, abi::Flow4, ByteLess>;

class FakeFlows : public FlowIo<V4> {
public:
    std::uint32_t max_entries() const override { return 100; }
    Result<Chunk> next() override {
        Chunk chunk;
        auto it = entries.upper_bound(at);
        for (std::size_t i = 0; i < chunk_size && it != entries.end(); i++, ++it)
            chunk.entries.push_back(*it);
        chunk.last = it == entries.end();
        at = chunk.last ? Key{} : chunk.entries.back().first;
        return chunk;
    }
    Result<std::optional<Flow>> lookup(const Key& key) override {
        auto it = entries.find(key);
        return it == entries.end() ? std::nullopt : std::optional(it->second);
    }
    Entries entries{};
    std::size_t chunk_size = 1000;
    Key at{};
};

// bl_collect() in a few words; the real one is tried by tests/packet/collect_test.cpp.
class FakeReaper : public Reaper {
public:
    explicit FakeReaper(Entries& entries) : entries_(entries) {}
    Result<> run(std::span<abi::Candidate> rows) override {
        EXPECT_LE(rows.size(), abi::candidate_rows);
        for (auto& row : rows)
            one(row);
        return {};
    }
    std::uint32_t now = 0;
    std::size_t asked = 0;

private:
    void one(abi::Candidate& row) {
        asked++;
        abi::FlowKey4 key;
        std::memcpy(&key, &row.key, sizeof key);
        const auto it = entries_.find(key);
        if (it == entries_.end()) return;
        const auto twin = entries_.find(abi::reply_key(key, it->second));
        abi::Flow4* other = twin == entries_.end() ? nullptr : &twin->second;
        if (abi::is_reply(it->second) && other != nullptr) return;
        if (!abi::is_over(abi::flow_age(key.proto, it->second, other, now), timeouts)) return;
        if (row.what == static_cast<abi::u8>(abi::Collect::mark)) {
            for (abi::Flow4* entry : {&it->second, other})
                if (entry != nullptr) entry->stamp = abi::stamp_dead;
            row.marked = other != nullptr ? 2 : 1;
        } else if (it->second.stamp == abi::stamp_dead) {
            if (other != nullptr) entries_.erase(twin);
            entries_.erase(it);
            row.removed = other != nullptr ? 2 : 1;
        }
    }
    Entries& entries_;
};

struct Pair {
    abi::FlowKey4 forward_key{}, reply_key{};
    abi::Flow4 forward{}, reply{};
};
// Client 10.0.0.1:port -> service 10.96.0.1:80, translated to 10.0.0.2:8080.
Pair pair(abi::u8 proto, std::uint16_t port, std::uint32_t last, std::uint32_t reply_last) {
    Pair p;
    const auto client = wire_addr<abi::Addr4>(addr("10.0.0.1")), vip = wire_addr<abi::Addr4>(addr("10.96.0.1")),
               server = wire_addr<abi::Addr4>(addr("10.0.0.2"));
    p.forward_key = {client, vip, wire_port(Port{port}), wire_port(Port{80}), proto, 0, 0};
    p.forward.saddr = client;
    p.forward.daddr = server;
    p.forward.sport = wire_port(Port{port});
    p.forward.dport = wire_port(Port{8080});
    p.forward.last = last;
    p.forward.in_if = 7;
    p.forward.deliver = p.reply.deliver = static_cast<abi::u8>(abi::Deliver::peer);
    p.forward.stamp = p.reply.stamp = 1000;
    p.reply_key = abi::reply_key(p.forward_key, p.forward);
    p.reply.saddr = vip;
    p.reply.daddr = client;
    p.reply.sport = wire_port(Port{80});
    p.reply.dport = wire_port(Port{port});
    p.reply.flags = abi::flow_reply;
    p.reply.last = reply_last;
    return p;
}
Pair pair_of(abi::u8 proto, std::uint32_t last) {
    return pair(proto, 4000, last, last);
}

struct Node {
    FakeFlows flows{};
    FakeReaper reaper{flows.entries};
    Collector<V4> collector{flows, reaper, timeouts};
    void add(const Pair& p) {
        flows.entries[p.forward_key] = p.forward;
        flows.entries[p.reply_key] = p.reply;
    }
    SweepStep walk(std::uint32_t now) {
        reaper.now = now;
        SweepStep step;
        do
            step = collector.step(now).value();
        while (!step.finished);
        return step;
    }
};

struct AgeRow {
    const char* sentence;
    abi::u8 proto;
    abi::u8 flags, forward_tcp, reply_tcp;
    std::uint32_t answers;
    std::uint32_t timeout;
};
class Ages : public testing::TestWithParam<AgeRow> {};
constexpr abi::u8 ack = abi::tcp_ack, fin = abi::tcp_fin, rst = abi::tcp_rst, syn = abi::tcp_syn;
INSTANTIATE_TEST_SUITE_P(
    states, Ages,
    testing::Values(AgeRow{"a handshake nobody answered", abi::proto_tcp, 0, syn, 0, 0, 60},
                    AgeRow{"a handshake whose answer nobody acknowledged", abi::proto_tcp, 0, syn, syn | ack, 1, 60},
                    AgeRow{"an idle connection", abi::proto_tcp, 0, syn | ack, syn | ack, 1, 1000},
                    AgeRow{"half closed is not closed", abi::proto_tcp, 0, ack | fin, ack, 5, 1000},
                    AgeRow{"half closed by the server", abi::proto_tcp, 0, ack, ack | fin, 5, 1000},
                    AgeRow{"both FINs at once", abi::proto_tcp, 0, ack | fin, ack | fin, 5, 30},
                    AgeRow{"a reset that two CPUs saw", abi::proto_tcp, 0, ack, rst, 5, 30},
                    AgeRow{"closed", abi::proto_tcp, abi::flow_closed, ack | fin, ack | fin, 5, 10},
                    AgeRow{"reset", abi::proto_tcp, abi::flow_closed, ack, rst, 5, 10},
                    AgeRow{"one-way UDP", abi::proto_udp, 0, 0, 0, 0, 30},
                    AgeRow{"UDP with answers", abi::proto_udp, 0, 0, 0, 1, 120},
                    AgeRow{"SCTP with answers", abi::proto_sctp, 0, 0, 0, 1, 120},
                    AgeRow{"ping", abi::proto_icmp, 0, 0, 0, 1, 20}));

Pair pair_of(const AgeRow& row) {
    Pair p = pair_of(row.proto, 5000);
    p.forward.flags |= row.flags;
    p.forward.tcp = row.forward_tcp;
    p.reply.tcp = row.reply_tcp;
    p.reply.packets = row.answers;
    return p;
}

TEST_P(Ages, are_the_same_for_whoever_asks) {
    const AgeRow& row = GetParam();
    const Pair p = pair_of(row);
    const auto timeout = [&](const abi::Flow4& flow, const abi::Flow4& twin) {
        return abi::timeout_of(abi::flow_state(row.proto, flow, &twin), timeouts);
    };
    EXPECT_EQ(timeout(p.forward, p.reply), row.timeout) << row.sentence << ", by the originator's entry";
    EXPECT_EQ(timeout(p.reply, p.forward), row.timeout) << row.sentence << ", by the answer's, as a clash sees it";
    EXPECT_LE(shortest_timeout(row.proto, timeouts), row.timeout);
}

TEST_P(Ages, decide_who_is_marked_in_the_first_walk_and_gone_in_the_second) {
    const AgeRow& row = GetParam();
    for (const bool over : {false, true}) {
        Node node;
        node.add(pair_of(row));
        const std::uint32_t now = 5000 + row.timeout + (over ? 1 : 0);
        EXPECT_EQ(node.walk(now).removed, 0u) << row.sentence;
        EXPECT_EQ(node.flows.entries.size(), 2u) << "the first walk only marks";
        EXPECT_EQ(node.walk(now).removed, over ? 2u : 0u) << row.sentence;
        EXPECT_EQ(node.flows.entries.size(), over ? 0u : 2u);
    }
}

TEST(Collector, of_a_flow_whose_answers_go_elsewhere_the_originators_fin_is_the_end) {
    for (const bool ended : {false, true}) {
        Node node;
        Pair p = pair_of(abi::proto_tcp, 5000);
        p.forward.tcp = static_cast<abi::u8>(ack | (ended ? fin : 0));
        p.forward.deliver = static_cast<abi::u8>(abi::Deliver::tunnel);
        node.add(p);
        EXPECT_EQ(abi::tcp_state(p.forward, &p.reply), abi::tcp_state(p.reply, &p.forward));
        node.walk(5031);
        EXPECT_EQ(node.walk(5031).removed, ended ? 2u : 0u);
    }
}

TEST(Collector, a_flow_that_policy_cut_goes_soon) {
    Node node;
    Pair p = pair_of(abi::proto_tcp, 5000);
    p.forward.tcp = p.reply.tcp = ack;
    p.forward.deliver = p.reply.deliver = static_cast<abi::u8>(abi::Deliver::denied);
    node.add(p);
    node.walk(5031);
    EXPECT_EQ(node.walk(5031).removed, 2u);
}

TEST(Collector, a_pair_is_not_marked_and_removed_in_one_walk_of_many_steps) {
    Node node;
    node.flows.chunk_size = 1;
    node.add(pair_of(abi::proto_udp, 1000));
    const auto first = node.walk(2000);
    EXPECT_EQ(first.marked, 2u);
    EXPECT_EQ(first.removed, 0u);
}

TEST(Collector, the_younger_direction_keeps_both) {
    Node node;
    node.add(pair(abi::proto_udp, 4000, 1000, 5000));  // the server streams, the client is silent
    node.walk(5010);
    node.walk(5010);
    EXPECT_EQ(node.flows.entries.size(), 2u);
    EXPECT_EQ(node.flows.entries.begin()->second.stamp, 1000u) << "not even marked";
}

TEST(Collector, an_answer_without_its_question_goes_too) {
    Node node;
    const Pair p = pair_of(abi::proto_udp, 1000);
    node.flows.entries[p.reply_key] = p.reply;
    node.walk(2000);
    EXPECT_EQ(node.walk(2000).removed, 1u);
}

TEST(Collector, a_packet_between_the_walks_renews_the_stamp_and_keeps_the_pair) {
    Node node;
    Pair p = pair_of(abi::proto_udp, 1000);
    node.add(p);
    node.walk(2000);
    p.forward.last = 2005;
    node.add(p);
    node.walk(2010);
    EXPECT_EQ(node.flows.entries.size(), 2u);
    EXPECT_EQ(node.walk(3000).removed, 0u) << "it is looked at twice again";
    EXPECT_EQ(node.walk(3000).removed, 2u);
}

TEST(Collector, who_cannot_be_over_costs_the_kernel_nothing) {
    Node node;
    Pair p = pair_of(abi::proto_tcp, 5000);
    p.forward.tcp = p.reply.tcp = ack;
    node.add(p);
    node.walk(5010);
    EXPECT_EQ(node.reaper.asked, 0u) << "too young, whatever became of it";
    for (int walks = 1; walks < 16; walks++)
        node.walk(5500);
    EXPECT_EQ(node.reaper.asked, 0u) << "established";
    node.walk(5500);
    EXPECT_EQ(node.reaper.asked, 1u) << "now and then: the other entry may know that it has ended";
}

TEST(Collector, a_connection_that_says_itself_that_it_ended_is_asked_about_every_time) {
    Node node;
    Pair p = pair_of(abi::proto_tcp, 5000);
    p.forward.tcp = p.reply.tcp = ack | fin;
    node.walk(5000);
    node.add(p);
    node.walk(5031);
    EXPECT_EQ(node.walk(5031).removed, 2u);
}

TEST(Collector, a_walk_is_many_small_steps) {
    Node node;
    node.flows.chunk_size = 3;
    for (std::uint16_t port = 1; port <= 10; port++)
        node.add(pair(abi::proto_udp, port, 1000, 1000));
    node.reaper.now = 2000;
    auto step = node.collector.step(2000).value();
    EXPECT_EQ(step.seen, 3u);
    EXPECT_FALSE(step.finished);
    EXPECT_EQ(node.walk(2000).seen, 20u);
    EXPECT_EQ(node.collector.entries(), 20u);
    EXPECT_EQ(node.walk(2000).removed, 20u);
    EXPECT_LE(node.collector.entries(), 10u) << "of pairs whose first half was seen before the second";
    node.walk(2000);
    EXPECT_EQ(node.collector.entries(), 0u);
}

TEST(Collector, counts_flows_by_the_interface_of_who_opened_them) {
    Node node;
    for (std::uint16_t port = 1; port <= 3; port++)
        node.add(pair(abi::proto_udp, port, 1000, 1000));
    Pair remote = pair(abi::proto_udp, 4, 1000, 1000);
    remote.forward.in_if = 0;
    remote.reply.in_if = 9;
    node.add(remote);
    node.walk(1000);
    EXPECT_EQ(node.collector.census(), (Census{{Ifindex{7}, 3}})) << "not by where the answers come from";
}

TEST(Collector, closed_connections_are_nobodys) {
    Node node;
    node.add(pair(abi::proto_tcp, 1, 1000, 1000));
    Pair closed = pair(abi::proto_tcp, 2, 1000, 1000);
    closed.forward.flags |= abi::flow_closed;
    closed.reply.flags |= abi::flow_closed;
    node.add(closed);
    node.walk(1000);
    EXPECT_EQ(node.collector.census(), (Census{{Ifindex{7}, 1}}));
    EXPECT_EQ(node.collector.entries(), 4u) << "they fill the table all the same";
}

TEST(Collector, the_clock_may_wrap) {
    Node node;
    node.add(pair_of(abi::proto_udp, 4294967290u));
    node.walk(5);
    node.walk(5);
    EXPECT_EQ(node.flows.entries.size(), 2u) << "11 units idle";
    node.walk(100);
    node.walk(100);
    EXPECT_EQ(node.flows.entries.size(), 0u);
}

TEST(Loads, connections_are_counted_by_backend_and_closed_ones_and_answers_are_not) {
    const auto wire = [](const char* text) { return wire_addr<abi::Addr4>(addr(text)); };
    const auto flow = [&](const char* to, std::uint8_t flags) {
        abi::Flow4 entry{};
        entry.daddr = wire(to);
        entry.dport = wire_port(Port{8080});
        entry.flags = flags;
        return entry;
    };
    abi::FlowKey4 key{};
    key.proto = abi::proto_tcp;
    const auto place = [&](const char* to) { return load_key<V4>({wire(to), wire_port(Port{8080}), 1}, key.proto); };
    Loads<V4> loads{{place("10.0.0.1"), 0}, {place("10.0.0.2"), 0}};
    for (const char* to : {"10.0.0.1", "10.0.0.1", "10.0.0.3"})
        count_load<V4>(key, flow(to, abi::flow_nat_dst), loads);
    count_load<V4>(key, flow("10.0.0.2", abi::flow_closed), loads);
    count_load<V4>(key, flow("10.0.0.2", abi::flow_reply), loads);
    key.proto = abi::proto_udp;
    count_load<V4>(key, flow("10.0.0.2", 0), loads);
    key.proto = abi::proto_tcp;
    EXPECT_EQ(loads.at(place("10.0.0.1")), 2u);
    EXPECT_EQ(loads.at(place("10.0.0.2")), 0u);
    EXPECT_EQ(loads.size(), 2u);
}

TEST(Loads, a_walk_counts_what_was_asked_for_before_it_began) {
    FakeFlows flows;
    FakeReaper reaper(flows.entries);
    abi::FlowKey4 key{};
    key.proto = abi::proto_tcp;
    abi::Flow4 flow{};
    flow.daddr = wire_addr<abi::Addr4>(addr("10.0.0.1"));
    flows.entries[key] = flow;
    const auto place = load_key<V4>({flow.daddr, 0, 1}, key.proto);
    Collector<V4> collector(flows, reaper, timeouts);
    collector.count_loads({{place, 0}});
    ASSERT_TRUE(collector.step(1));
    EXPECT_TRUE(collector.loads().empty());
    ASSERT_TRUE(collector.step(1));
    EXPECT_EQ(collector.loads().at(place), 1u);
}

}  // namespace
}  // namespace beeline::kernel
