// What golden files cannot show: purity, sharing, and the growth of time. What is compiled to which rows stands in
// tests/scenario.
#include "compile/compile.h"

#include <gtest/gtest.h>

#include <ctime>

#include "compile/fixture.h"

namespace beeline::compile {
namespace {

model::NetworkPolicy allow(const std::string& name, model::Labels pods, model::Labels from) {
    model::NetworkPolicy policy;
    policy.meta = meta(name);
    policy.pods.match_labels = std::move(pods);
    policy.isolates_ingress = true;
    model::PolicyPeer peer;
    peer.pods = model::Selector{std::move(from), {}};
    policy.ingress = {{.peers = {peer}, .ports = {{.proto = Proto::tcp, .port = Port{80}}}, .nothing = false}};
    return policy;
}

TEST(Compile, gives_equal_plans_for_equal_snapshots) {
    model::Snapshot snapshot;
    enter(snapshot.services, service("web", "10.96.0.1"));
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.policies, allow("p", {}, {{"app", "web"}}));
    const model::Snapshot copy = snapshot;
    EXPECT_EQ(compile(snapshot), compile(copy));
    EXPECT_EQ(compile(snapshot).frontends.size(), 1U);
}

TEST(Compile, gives_equal_sets_to_pods_that_the_same_policies_select) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {{"app", "web"}, {"n", "1"}});
    add_endpoint(snapshot, 2, {{"app", "web"}, {"n", "2"}});
    add_endpoint(snapshot, 3, {{"app", "db"}});
    enter(snapshot.policies, allow("p", {{"app", "web"}}, {{"app", "db"}}));
    const auto plan = compile(snapshot);
    EXPECT_EQ(plan.endpoints.at({1}).policy, plan.endpoints.at({2}).policy);
    EXPECT_NE(plan.endpoints.at({1}).policy, plan.endpoints.at({3}).policy);
    EXPECT_EQ(plan.endpoints.at({1}).policy.entries.size(), 1U);
}

TEST(Compile, names_the_first_of_several_rules_that_allow_the_same) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.policies, allow("b", {}, {}));
    enter(snapshot.policies, allow("a", {}, {}));
    const auto entries = compile(snapshot).endpoints.at({1}).policy.entries;
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].rule, model::rule_id({"default", "a"}, false, 0));
}

TEST(Compile, leaves_out_an_sctp_frontend_whose_port_would_change) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.services, service("web", "10.96.0.1", Proto::sctp));
    EXPECT_TRUE(compile(snapshot).frontends.empty());
    auto same_port = service("web", "10.96.0.1", Proto::sctp);
    same_port.ports[0].target_port = Port{80};
    enter(snapshot.services, same_port);
    EXPECT_EQ(compile(snapshot).frontends.size(), 1U);
}

// Every second one has slices with ten endpoints; every container stands behind one of the others.
model::Snapshot a_thousand_services() {
    model::Snapshot snapshot;
    std::vector<model::SliceEndpoint> ten;
    for (int i = 1; i <= 10; ++i)
        ten.push_back(on("node-2", fmt::format("10.244.9.{}", i)));
    for (std::uint16_t i = 0; i < 1000; ++i) {
        const std::string name = fmt::format("s{}", i), tail = fmt::format("{}.{}", i / 250, 1 + i % 250);
        auto given = service(name, "10.96." + tail);
        given.type = model::Service::Type::load_balancer;
        given.ingress = {{addr("203.0." + tail), false}};
        given.external_policy = model::TrafficPolicy::local;
        given.ports[0].node_port = {static_cast<std::uint16_t>(30000 + i)};
        enter(snapshot.services, given);
        if (i % 2 == 0) enter(snapshot.slices, slice(name, ten));
    }
    for (std::uint16_t i = 1; i <= 100; ++i)
        add_endpoint(snapshot, i, {{"app", fmt::format("s{}", 2 * i + 1)}, {"tier", "all"}});
    return snapshot;
}

TEST(Compile, handles_a_thousand_services_and_a_hundred_containers_in_milliseconds) {
    model::Snapshot snapshot = a_thousand_services();
    for (int i = 0; i < 100; ++i)
        enter(snapshot.policies, allow(fmt::format("p{}", i), {{"tier", "all"}}, {{"app", fmt::format("s{}", i)}}));
    const std::clock_t start = std::clock();  // processor time: the machine may be busy
    const auto plan = compile(snapshot);
    const auto milliseconds = (std::clock() - start) * 1000 / CLOCKS_PER_SEC;
    RecordProperty("milliseconds", static_cast<int>(milliseconds));
    EXPECT_EQ(plan.frontends.size(), 3000U);
    // With sanitizers, where it takes about 50 ms; a walk that is quadratic takes longer by far.
    EXPECT_LT(milliseconds, 500);
}

}  // namespace
}  // namespace beeline::compile
