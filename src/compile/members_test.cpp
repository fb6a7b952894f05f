#include "compile/members.h"

#include <gtest/gtest.h>

#include "compile/fixture.h"

namespace beeline::compile {
namespace {

using enum model::Service::Distribution;

model::Node node(const std::string& name, const std::string& zone) {
    model::Node result;
    result.meta = {.ns = "", .name = name, .labels = {{"topology.kubernetes.io/zone", zone}}, .origin = {}};
    return result;
}

model::Snapshot three_nodes() {
    model::Snapshot snapshot;
    snapshot.node.name = "node-1";
    enter(snapshot.nodes, node("node-1", "a"));
    enter(snapshot.nodes, node("node-2", "a"));
    enter(snapshot.nodes, node("node-3", "b"));
    return snapshot;
}

model::Pod pod(const std::string& name, const std::string& node, const std::string& ip) {
    model::Pod result;
    result.meta = meta(name, {{"app", "web"}});
    result.node_name = node;
    result.ips = {addr(ip)};
    return result;
}

// "10.0.0.1 here node=1 zone=0 10.0.0.2 …": 1 names us, 0 others.
std::string seen(const model::Snapshot& snapshot, model::Service::Distribution distribution = any) {
    auto web = service("web", "10.96.0.1");
    web.distribution = distribution;
    std::string text;
    for (const auto& [member, conditions] : MemberIndex(snapshot).of(web, web.ports[0])) {
        text += (text.empty() ? "" : ", ") + to_string(member.addr) + (conditions.local ? " here" : "");
        if (conditions.node.given) text += fmt::format(" node={:d}", conditions.node.ours);
        if (conditions.zone.given) text += fmt::format(" zone={:d}", conditions.zone.ours);
    }
    return text;
}

TEST(Members, of_slices_are_here_by_their_node_or_by_a_containers_address) {
    auto snapshot = three_nodes();
    add_endpoint(snapshot, 1, {});
    enter(snapshot.slices,
          slice("web", {on("node-1", "10.0.0.1"), on("node-2", "10.0.0.2"), on("", "10.0.0.3"), on("", "10.244.0.3")}));
    EXPECT_EQ(seen(snapshot), "10.0.0.1 here, 10.0.0.2, 10.0.0.3, 10.244.0.3 here");
    snapshot.node.name = "";
    EXPECT_EQ(seen(snapshot), "10.0.0.1, 10.0.0.2, 10.0.0.3, 10.244.0.3 here") << "no name is nobody's";
}

TEST(Members, said_twice_have_the_better_conditions) {
    auto snapshot = three_nodes();
    auto ready = on("node-2", "10.0.0.1"), leaving = ready;
    leaving.ready = false;
    leaving.terminating = true;
    enter(snapshot.slices, slice("web", {ready, leaving}));
    const auto web = service("web", "10.96.0.1");
    const Conditions conditions = MemberIndex(snapshot).of(web, web.ports[0]).begin()->second;
    EXPECT_TRUE(conditions.ready && conditions.serving && !conditions.terminating);
}

TEST(Members, of_slices_have_the_hints_of_all_that_is_said_of_them) {
    auto snapshot = three_nodes();
    auto ours = on("node-2", "10.0.0.1"), other = ours, none = on("node-2", "10.0.0.2");
    ours.hint_zones = {"b", "a"};
    ours.hint_nodes = {"node-2"};
    other.hint_zones = {"b"};
    other.hint_nodes = {"node-3", "node-1"};
    enter(snapshot.slices, slice("web", {ours, none}));
    EXPECT_EQ(seen(snapshot), "10.0.0.1 node=0 zone=1, 10.0.0.2");
    enter(snapshot.slices, slice("web", {ours, other}));
    EXPECT_EQ(seen(snapshot), "10.0.0.1 node=1 zone=1");
    snapshot.nodes.clear();
    EXPECT_EQ(seen(snapshot), "10.0.0.1 node=1 zone=0") << "nobody knows our zone";
    EXPECT_EQ(seen(snapshot, same_zone), "10.0.0.1 node=1 zone=0") << "the controller has seen to it";
}

// "10.0.0.1 ready serving, 10.0.0.2 -": the conditions that are true.
std::string readiness_text(const model::Snapshot& snapshot, const model::Service& service) {
    std::string text;
    for (const auto& [member, conditions] : MemberIndex(snapshot).of(service, service.ports[0]))
        text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", to_string(member.addr),
                            conditions.ready ? " ready" : "", conditions.serving ? " serving" : "");
    return text;
}

TEST(Members, of_selectors_are_neither_ready_nor_serving_while_their_probes_fail) {
    auto snapshot = three_nodes();
    add_endpoint(snapshot, 1, {{"app", "web"}});
    auto here = pod("pod-1", "node-1", "10.0.0.9");
    here.ready = true;
    enter(snapshot.pods, here);
    enter(snapshot.pods, pod("good", "node-2", "10.0.0.1"));
    enter(snapshot.pods, pod("bad", "node-2", "10.0.0.2"));
    auto leaving = pod("leaving", "node-2", "10.0.0.3");
    leaving.terminating = true;
    enter(snapshot.pods, leaving);
    auto web = service("web", "10.96.0.1");
    EXPECT_EQ(readiness_text(snapshot, web),
              "10.0.0.1 ready serving, 10.0.0.2 ready serving, 10.0.0.3 serving, 10.244.0.3 ready serving");
    snapshot.failing = {{"default", "bad"}, {"default", "leaving"}, {"default", "pod-1"}, {"other", "good"}};
    EXPECT_EQ(readiness_text(snapshot, web), "10.0.0.1 ready serving, 10.0.0.2, 10.0.0.3, 10.244.0.3");
    web.publish_not_ready = true;
    EXPECT_EQ(readiness_text(snapshot, web),
              "10.0.0.1 ready serving, 10.0.0.2 ready serving, 10.0.0.3 ready serving, 10.244.0.3 ready serving");
}

TEST(Members, of_slices_are_ready_as_the_slices_say_whatever_a_probe_finds) {
    auto snapshot = three_nodes();
    enter(snapshot.pods, pod("bad", "node-2", "10.0.0.2"));
    enter(snapshot.slices, slice("web", {on("node-2", "10.0.0.2")}));
    snapshot.failing = {{"default", "bad"}};
    EXPECT_EQ(readiness_text(snapshot, service("web", "10.96.0.1")), "10.0.0.2 ready serving");
}

TEST(Members, of_selectors_get_hints_from_where_the_pods_are) {
    auto snapshot = three_nodes();
    add_endpoint(snapshot, 1, {{"app", "web"}});
    enter(snapshot.pods, pod("host", "node-1", "10.0.0.1"));
    enter(snapshot.pods, pod("near", "node-2", "10.0.0.2"));
    enter(snapshot.pods, pod("far", "node-3", "10.0.0.3"));
    enter(snapshot.pods, pod("unknown", "", "10.0.0.4"));
    EXPECT_EQ(seen(snapshot), "10.0.0.1 here, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.244.0.3 here");
    EXPECT_EQ(seen(snapshot, same_zone),
              "10.0.0.1 here zone=1, 10.0.0.2 zone=1, 10.0.0.3 zone=0, 10.0.0.4 zone=0, 10.244.0.3 here zone=1");
    EXPECT_EQ(seen(snapshot, same_node),
              "10.0.0.1 here node=1 zone=1, 10.0.0.2 node=0 zone=1, 10.0.0.3 node=0 zone=0, 10.0.0.4 node=0 zone=0, "
              "10.244.0.3 here node=1 zone=1");
    snapshot.nodes.erase({"", "node-1"});
    EXPECT_EQ(seen(snapshot, same_zone),
              "10.0.0.1 here zone=0, 10.0.0.2 zone=0, 10.0.0.3 zone=0, 10.0.0.4 zone=0, 10.244.0.3 here zone=0")
        << "nobody knows our zone";
}

}  // namespace
}  // namespace beeline::compile
