#include "kernel/ports_apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/fakes.h"
#include "kernel/plans.h"

namespace beeline::kernel {
namespace {

using namespace fake;
using testing::ElementsAre;

const plan::FrontendKey node_port = vip("0.0.0.0", 30080), external = vip("203.0.113.9"), web = vip("10.96.0.1");
const plan::Backend pod = backend("10.0.0.1"), process = backend("192.0.2.1", 9000);

plan::Frontend open_to_all(std::vector<plan::Backend> backends) {
    plan::Frontend f = frontend(backends);
    f.outside = std::move(backends);
    return f;
}
bool has(FakeNode& node, abi::PortUse use, std::uint16_t port, std::uint8_t proto = abi::proto_tcp) {
    const std::uint32_t row = abi::port_row(port);
    const auto* bits = node.maps["bl_ports"].find<std::uint64_t>(row);
    return bits != nullptr && (*bits & abi::port_bit(use, port, proto)) != 0;
}
bool may_be_vip(FakeNode& node, const char* text) {
    const std::uint32_t place = abi::vip_place(wire_addr<abi::Addr4>(addr(text)));
    const auto* bits = node.maps["bl_vips"].find<std::uint64_t>(place / 64);
    return bits != nullptr && (*bits >> (place % 64) & 1) != 0;
}
plan::Plan on_node(plan::Plan plan) {
    plan.identities[addr("192.0.2.1")] = IdentityId{abi::identity_host};
    return plan;
}

TEST(PortsApply, knows_the_ports_that_clients_from_outside_are_served_on) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({pod})}, {external, open_to_all({pod})}, {node_port, open_to_all({pod})}}));
    EXPECT_TRUE(has(node, abi::PortUse::outside, 80));
    EXPECT_TRUE(has(node, abi::PortUse::outside, 30080));
    EXPECT_FALSE(has(node, abi::PortUse::outside, 30080, abi::proto_udp));
    EXPECT_FALSE(has(node, abi::PortUse::outside, 30081));
    EXPECT_TRUE(has(node, abi::PortUse::node_port, 30080));
    EXPECT_FALSE(has(node, abi::PortUse::node_port, 80));
    EXPECT_TRUE(has(node, abi::PortUse::outside, 0)) << "some port has it";
    EXPECT_FALSE(has(node, abi::PortUse::host, 0));
}

TEST(PortsApply, cluster_addresses_are_not_for_the_outside) {
    FakeNode node;
    node.apply(plan_of(1, {{web, frontend({pod})}}));
    EXPECT_TRUE(node.maps["bl_ports"].rows.empty());
}

TEST(PortsApply, knows_the_processes_of_the_node_that_answer) {
    FakeNode node;
    node.apply(on_node(plan_of(1, {{external, open_to_all({pod, process})}})));
    EXPECT_TRUE(has(node, abi::PortUse::host, 9000));
    EXPECT_TRUE(has(node, abi::PortUse::host, 0));
    EXPECT_FALSE(has(node, abi::PortUse::host, 8080));
}

TEST(PortsApply, a_host_port_of_the_loopback_address_is_a_node_port_for_sockets) {
    FakeNode node;
    node.apply(plan_of(1, {{vip("127.0.0.1", 8081), frontend({pod})}}));
    EXPECT_TRUE(has(node, abi::PortUse::node_port, 8081));
    EXPECT_FALSE(has(node, abi::PortUse::outside, 8081));
}

TEST(PortsApply, sets_bits_before_the_frontend_and_clears_them_after_it) {
    FakeNode node;
    node.apply(plan_of(1, {{external, open_to_all({})}}));
    EXPECT_THAT(node.journal,
                ElementsAre("put bl_ports", "put bl_ports", "put bl_frontends4", "bump", "grace", "bump"));
    node.apply(plan_of(2, {}));
    EXPECT_THAT(node.journal,
                ElementsAre("erase bl_frontends4", "bump", "grace", "bump", "put bl_ports", "put bl_ports"));
    EXPECT_FALSE(has(node, abi::PortUse::outside, 80));
}

TEST(PortsApply, a_new_agent_takes_over_what_is_there) {
    FakeNode node;
    const auto plan = plan_of(1, {{external, open_to_all({pod})}});
    node.apply(plan);
    ASSERT_TRUE(node.restart());
    node.apply(plan);
    EXPECT_THAT(node.journal, ElementsAre("grace"));
    node.apply(plan_of(2, {}));
    EXPECT_FALSE(has(node, abi::PortUse::outside, 80));
}

TEST(PortsApply, what_is_left_of_an_external_address_refuses) {
    FakeNode node;
    auto plan = plan_of(1, {{external, open_to_all({pod})}});
    plan.vips = {external.addr};
    node.apply(plan);
    EXPECT_TRUE(may_be_vip(node, "203.0.113.9"));
    const plan::FrontendKey rest{external.addr, Port{0}, Proto::any};
    const auto* row = node.maps["bl_frontends4"].find<abi::Frontend>(wire_key<V4>(rest));
    ASSERT_NE(row, nullptr);
    EXPECT_EQ(row->count + row->count_outside, 0);
    EXPECT_NE(row->flags & abi::front_outside, 0);
    node.apply(plan_of(2, {}));
    EXPECT_FALSE(may_be_vip(node, "203.0.113.9"));
    EXPECT_EQ(node.maps["bl_frontends4"].find<abi::Frontend>(wire_key<V4>(rest)), nullptr);
}

TEST(PortsApply, but_not_of_an_address_that_the_node_itself_has) {
    FakeNode node;
    auto plan = on_node(plan_of(1, {{vip("192.0.2.1"), open_to_all({pod})}}));
    plan.vips = {addr("192.0.2.1")};
    node.apply(plan);
    EXPECT_EQ(node.maps["bl_frontends4"].rows.size(), 1u);
}

TEST(PortsApply, addresses_of_the_node_are_chosen) {
    FakeNode node;
    auto plan = on_node(plan_of(1, {{node_port, open_to_all({pod})}}));
    const auto flags = [&](const char* text) {
        return node.maps["bl_identities4"].find<abi::IdentityRow>(wire_addr<abi::Addr4>(addr(text)))->flags;
    };
    node.apply(plan);
    EXPECT_EQ(flags("192.0.2.1"), abi::identity_is_node | abi::identity_node_port);
    plan.node.node_port_addresses = {parse_prefix("198.51.100.0/24").value()};
    node.apply(plan);
    EXPECT_EQ(flags("192.0.2.1"), abi::identity_is_node);
    EXPECT_TRUE(node.slots().contains(abi::slot_global)) << "flows to node ports are decided anew";
}

TEST(PortsApply, a_node_port_bumps_its_slot_on_every_address_of_the_node) {
    FakeNode node;
    node.apply(on_node(plan_of(1, {})));
    node.apply(on_node(plan_of(2, {{node_port, open_to_all({pod})}})));
    EXPECT_EQ(node.slots(), (Slots{slot_of(node_port), slot_of(vip("192.0.2.1", 30080))}));
}

}  // namespace
}  // namespace beeline::kernel
