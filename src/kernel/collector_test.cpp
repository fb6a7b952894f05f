#include "kernel/collector.h"

#include <gtest/gtest.h>

#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
constexpr FlowTimeouts timeouts{
    .tcp_syn = 60, .tcp = 1000, .tcp_closing = 30, .udp = 30, .udp_replied = 120, .icmp = 20};

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
    Result<bool> erase(const Key& key) override { return entries.erase(key) != 0; }
    std::map<Key, Flow, ByteLess> entries{};
    std::size_t chunk_size = 1000;
    Key at{};
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
    p.forward.deliver = p.reply.deliver = static_cast<abi::u8>(abi::Deliver::peer);
    p.reply_key = abi::reply_key(p.forward_key, p.forward);
    p.reply.saddr = vip;
    p.reply.daddr = client;
    p.reply.sport = wire_port(Port{80});
    p.reply.dport = wire_port(Port{port});
    p.reply.flags = abi::flow_reply;
    p.reply.last = reply_last;
    return p;
}
void add(FakeFlows& flows, const Pair& p) {
    flows.entries[p.forward_key] = p.forward;
    flows.entries[p.reply_key] = p.reply;
}
SweepStep walk(Collector<V4>& collector, std::uint32_t now) {
    SweepStep step;
    do
        step = collector.step(now).value();
    while (!step.finished);
    return step;
}

struct AgeRow {
    const char* sentence;
    abi::u8 proto;
    abi::u8 flags, forward_tcp, reply_tcp;
    std::uint32_t idle;
    bool stays;
};
class Ages : public testing::TestWithParam<AgeRow> {};
INSTANTIATE_TEST_SUITE_P(
    states, Ages,
    testing::Values(
        AgeRow{"a handshake nobody answered", abi::proto_tcp, 0, 0, 0, 60, true},
        AgeRow{"a handshake nobody answered, too old", abi::proto_tcp, 0, 0, 0, 61, false},
        AgeRow{"an idle connection", abi::proto_tcp, abi::flow_replied, 0, 0, 1000, true},
        AgeRow{"a silently dead connection", abi::proto_tcp, abi::flow_replied, 0, 0, 1001, false},
        AgeRow{"half closed is not closed", abi::proto_tcp, abi::flow_replied, abi::tcp_fin, 0, 900, true},
        AgeRow{"closed both ways, lingering", abi::proto_tcp, abi::flow_replied, abi::tcp_fin, abi::tcp_fin, 30, true},
        AgeRow{"closed both ways", abi::proto_tcp, abi::flow_replied, abi::tcp_fin, abi::tcp_fin, 31, false},
        AgeRow{"reset by the server", abi::proto_tcp, abi::flow_replied, 0, abi::tcp_rst, 31, false},
        AgeRow{"one-way UDP", abi::proto_udp, 0, 0, 0, 31, false},
        AgeRow{"UDP with answers", abi::proto_udp, abi::flow_replied, 0, 0, 120, true},
        AgeRow{"UDP with answers, over", abi::proto_udp, abi::flow_replied, 0, 0, 121, false},
        AgeRow{"ping", abi::proto_icmp, abi::flow_replied, 0, 0, 21, false}));

TEST_P(Ages, decide_who_goes_in_the_second_walk) {
    const AgeRow& row = GetParam();
    FakeFlows flows;
    Pair p = pair(row.proto, 4000, 5000, 5000);
    p.forward.flags |= row.flags;
    p.forward.tcp = row.forward_tcp;
    p.reply.tcp = row.reply_tcp;
    add(flows, p);
    Collector<V4> collector(flows, timeouts);
    EXPECT_EQ(walk(collector, 5000 + row.idle).removed, 0u) << row.sentence;
    EXPECT_EQ(flows.entries.size(), 2u) << "the first walk only looks";
    const auto second = walk(collector, 5000 + row.idle);
    EXPECT_EQ(flows.entries.size(), row.stays ? 2u : 0u) << row.sentence;
    EXPECT_EQ(second.removed, row.stays ? 0u : 2u);
}

TEST(Collector, the_younger_direction_keeps_both) {
    FakeFlows flows;
    add(flows, pair(abi::proto_udp, 4000, 1000, 5000));  // the server streams, the client is silent
    Collector<V4> collector(flows, timeouts);
    walk(collector, 5010);
    walk(collector, 5010);
    EXPECT_EQ(flows.entries.size(), 2u);
}

TEST(Collector, packets_of_the_answering_side_are_an_answer) {
    FakeFlows flows;
    Pair p = pair(abi::proto_udp, 4000, 1000, 1000);
    p.reply.packets = 1;
    add(flows, p);
    p = pair(abi::proto_udp, 4001, 1000, 1000);
    p.forward.packets = 5;
    add(flows, p);
    Collector<V4> collector(flows, timeouts);
    walk(collector, 1100);
    walk(collector, 1100);
    EXPECT_EQ(flows.entries.size(), 2u) << "the one without an answer went";
    EXPECT_TRUE(flows.entries.contains(pair(abi::proto_udp, 4000, 0, 0).forward_key));
}

TEST(Collector, a_packet_between_the_walks_keeps_the_pair) {
    FakeFlows flows;
    Pair p = pair(abi::proto_udp, 4000, 1000, 1000);
    add(flows, p);
    Collector<V4> collector(flows, timeouts);
    walk(collector, 2000);
    p.forward.last = 2005;
    add(flows, p);
    walk(collector, 2010);
    EXPECT_EQ(flows.entries.size(), 2u);
}

TEST(Collector, an_entry_that_expired_anew_is_looked_at_twice_again) {
    FakeFlows flows;
    Pair p = pair(abi::proto_udp, 4000, 1000, 1000);
    add(flows, p);
    Collector<V4> collector(flows, timeouts);
    walk(collector, 2000);
    p.forward.last = 2005;
    add(flows, p);
    walk(collector, 2010);
    walk(collector, 3000);
    EXPECT_EQ(flows.entries.size(), 2u);
    walk(collector, 3000);
    EXPECT_EQ(flows.entries.size(), 0u);
}

TEST(Collector, a_walk_is_many_small_steps) {
    FakeFlows flows;
    flows.chunk_size = 3;
    for (std::uint16_t port = 1; port <= 10; port++)
        add(flows, pair(abi::proto_udp, port, 1000, 1000));
    Collector<V4> collector(flows, timeouts);
    auto step = collector.step(2000).value();
    EXPECT_EQ(step.seen, 3u);
    EXPECT_FALSE(step.finished);
    EXPECT_EQ(walk(collector, 2000).seen, 20u);
    EXPECT_EQ(walk(collector, 2000).removed, 20u);
    EXPECT_TRUE(flows.entries.empty());
}

TEST(Collector, the_clock_may_wrap) {
    FakeFlows flows;
    add(flows, pair(abi::proto_udp, 4000, 4294967290u, 4294967290u));
    Collector<V4> collector(flows, timeouts);
    walk(collector, 5);
    walk(collector, 5);
    EXPECT_EQ(flows.entries.size(), 2u) << "11 units idle";
    walk(collector, 100);
    walk(collector, 100);
    EXPECT_EQ(flows.entries.size(), 0u);
}

}  // namespace
}  // namespace beeline::kernel
