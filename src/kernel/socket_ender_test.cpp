#include "kernel/socket_ender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/plans.h"
#include "kernel/socket_origins.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

plan::FrontendKey udp(std::string_view text, std::uint16_t port = 53) {
    return {addr(text), Port{port}, Proto::udp};
}
const plan::FrontendKey dns = udp("10.96.0.1"), dns6 = udp("fd96::1");
const plan::Backend a = backend("10.0.0.1"), b = backend("10.0.0.2"), a6 = backend("fd00::1"), b6 = backend("fd00::2");

struct Row {
    const char* sentence;
    std::map<plan::FrontendKey, plan::Frontend> before, after;
    std::vector<std::string> departed;
};
class Departures : public testing::TestWithParam<Row> {};
INSTANTIATE_TEST_SUITE_P(
    rules, Departures,
    testing::Values(
        Row{"a removed backend departs",
            {{dns, frontend({a, b})}},
            {{dns, frontend({a})}},
            {"10.96.0.1:53 10.0.0.2:8080"}},
        Row{"also of IPv6", {{dns6, frontend({a6, b6})}}, {{dns6, frontend({b6})}}, {"fd96::1:53 fd00::1:8080"}},
        Row{"with a frontend all its backends depart",
            {{dns, frontend({a}, {b})}},
            {},
            {"10.96.0.1:53 10.0.0.1:8080", "10.96.0.1:53 10.0.0.2:8080"}},
        Row{"a backend departs from the frontend it left, not from others",
            {{dns, frontend({a, b})}, {udp("10.96.0.2"), frontend({a, b})}},
            {{dns, frontend({a, b})}, {udp("10.96.0.2"), frontend({a})}},
            {"10.96.0.2:53 10.0.0.2:8080"}},
        Row{"one that drains stays", {{dns, frontend({a, b})}}, {{dns, frontend({a}, {b})}}, {}},
        Row{"the end of draining is a departure",
            {{dns, frontend({a}, {b})}},
            {{dns, frontend({a})}},
            {"10.96.0.1:53 10.0.0.2:8080"}},
        Row{"one that comes back is none", {{dns, frontend({a})}}, {{dns, frontend({a, b})}}, {}},
        Row{"TCP finishes what it began",
            {{vip("10.96.0.1"), frontend({a, b})}},
            {{vip("10.96.0.1"), frontend({a})}},
            {}},
        Row{"the address of a TCP frontend that goes as a whole, too", {{vip("10.96.0.1"), frontend({a})}}, {}, {}}));

TEST_P(Departures, follow_the_rules) {
    const Row& row = GetParam();
    FakeNode node;
    node.apply(plan_of(1, row.before));
    EXPECT_EQ(node.sockets.requests, 0u);
    node.apply(plan_of(2, row.after));
    EXPECT_EQ(node.sockets.departed, row.departed) << row.sentence;
    EXPECT_EQ(node.sockets.requests, row.departed.empty() ? 0u : 1u) << "all in one go, and only if there are any";
    node.apply(plan_of(3, row.after));
    EXPECT_EQ(node.sockets.departed, row.departed) << "once";
}

TEST(SocketEnder, gets_the_namespaces_of_the_containers) {
    FakeNode node;
    node.apply(plan_of(1, {{dns, frontend({a, b})}}, {endpoint(1), endpoint(2)}));
    node.apply(plan_of(2, {{dns, frontend({a})}}, {endpoint(1), endpoint(2)}));
    EXPECT_THAT(node.sockets.namespaces, ElementsAre("/run/netns/1", "/run/netns/2"));
}

TEST(SocketEnder, hears_of_what_left_while_no_agent_ran) {
    FakeNode node;
    node.apply(plan_of(1, {{dns, frontend({a, b})}}));
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(2, {{dns, frontend({a})}}));
    EXPECT_THAT(node.sockets.departed, ElementsAre("10.96.0.1:53 10.0.0.2:8080"));
}

TEST(SocketEnder, hears_of_members_that_a_killed_agent_left_without_a_frontend) {
    FakeNode node;
    node.apply(plan_of(1, {{dns, frontend({a})}}));
    node.maps["bl_frontends4"].rows.clear();
    ASSERT_TRUE(node.restart());
    node.apply(plan_of(2, {}));
    EXPECT_THAT(node.sockets.departed, ElementsAre("10.96.0.1:53 10.0.0.1:8080"));
}

TEST(SocketEnder, hears_nothing_of_a_frontend_that_could_not_be_switched) {
    FakeNode node;
    node.apply(plan_of(1, {{dns, frontend({a, b})}}));
    node.maps["bl_members4"].set_limit(2);
    node.apply(plan_of(2, {{dns, frontend({backend("10.0.0.3"), backend("10.0.0.4")})}}));
    EXPECT_EQ(node.sockets.requests, 0u) << "it still sends clients to both";
    node.maps["bl_members4"].set_limit(8);
    node.apply(plan_of(3, {{dns, frontend({backend("10.0.0.3"), backend("10.0.0.4")})}}));
    EXPECT_THAT(node.sockets.departed, SizeIs(2));
}

TEST(SocketEnder, its_failure_is_an_error_of_the_node_and_the_rest_is_in_force) {
    FakeNode node;
    node.apply(plan_of(1, {{dns, frontend({a, b})}}));
    node.sockets.fails = true;
    const auto& status = node.apply(plan_of(2, {{dns, frontend({a})}}));
    EXPECT_THAT(status.errors, ElementsAre("sockets connected to removed backends: no sockets"));
    EXPECT_EQ(status.in_force.value, 2u);
}

struct Origins : testing::Test {
    FakeNode node;
    template <class F>
    void write(std::uint64_t cookie, const plan::FrontendKey& named, const plan::Backend& backend,
               abi::OriginRole role = abi::origin_of_backend) {
        ASSERT_TRUE(put_origin<F>(node.maps, cookie, wire_member<F>(named, backend), role));
    }
    Doomed find(const Departed& departed) {
        const OriginMaps maps{node.maps["bl_origins4"], node.maps["bl_origins6"], node.maps["bl_members4"],
                              node.maps["bl_members6"]};
        return find_doomed(maps, departed).value();
    }
    std::vector<std::uint64_t> doomed(const Departed& departed) {
        std::vector<std::uint64_t> cookies;
        for (const auto& socket : find(departed))
            cookies.push_back(socket.cookie);
        return cookies;
    }
};

TEST_F(Origins, only_sockets_that_came_to_that_backend_by_that_frontend_are_doomed) {
    write<V4>(1, dns, a);
    write<V4>(2, dns, b);
    write<V4>(3, udp("10.96.0.2"), a);
    write<V4>(4, udp("10.96.0.1", 54), a);
    write<V4>(5, vip("10.96.0.1", 53), a);
    write<V4>(6, dns, a, abi::choice_of_frontend);
    EXPECT_THAT(doomed({{wire_member<V4>(dns, a)}, {}}), ElementsAre(1));
    EXPECT_THAT(doomed({{wire_member<V4>(dns, a), wire_member<V4>(udp("10.96.0.2"), a)}, {}}), ElementsAre(1, 3));
}

TEST_F(Origins, a_doomed_socket_is_named_with_its_peer_and_IPv4_is_mapped) {
    write<V4>(1, dns, a);
    write<V6>(2, dns6, a6);
    const auto found = find({{wire_member<V4>(dns, a)}, {wire_member<V6>(dns6, a6)}});
    ASSERT_EQ(found.size(), 2u);
    std::set<std::string> peers;
    for (const auto& socket : found) {
        peers.insert(to_string(value_addr(socket.peer)));
        EXPECT_EQ(value_port(socket.port).value, 8080);
    }
    EXPECT_THAT(peers, ElementsAre(to_string(addr("::ffff:10.0.0.1")), "fd00::1"));
}

TEST_F(Origins, a_node_port_was_named_by_whatever_address_of_the_node) {
    const plan::FrontendKey node_port = udp("0.0.0.0", 30053);
    write<V4>(1, udp("192.0.2.1", 30053), a);
    write<V4>(2, udp("127.0.0.1", 30053), a);
    EXPECT_THAT(doomed({{wire_member<V4>(node_port, a)}, {}}), ElementsAre(1, 2));
    const auto own = wire_member<V4>(udp("192.0.2.1", 30053), a);
    ASSERT_TRUE(node.maps["bl_members4"].update(bytes_of(own), bytes_of(abi::Member{})));
    EXPECT_THAT(doomed({{wire_member<V4>(node_port, a)}, {}}), ElementsAre(2)) << "a frontend of its own goes first";
}

TEST_F(Origins, half_written_rows_are_not_believed) {
    write<V4>(1, dns, a);
    auto& row = node.maps["bl_origins4"].rows.begin()->second;
    row[0] ^= std::byte{1};
    EXPECT_THAT(doomed({{wire_member<V4>(dns, a)}, {}}), IsEmpty());
}

}  // namespace
}  // namespace beeline::kernel
