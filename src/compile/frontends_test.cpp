#include <gtest/gtest.h>

#include "compile/compile.h"
#include "compile/fixture.h"

namespace beeline::compile {
namespace {

using enum model::Service::Type;
using enum model::TrafficPolicy;

// The Service web: 10.0.0.1 is on this node, 10.0.0.2 on another one.
model::Snapshot two_nodes() {
    model::Snapshot snapshot;
    snapshot.node.name = "node-1";
    enter(snapshot.slices, slice("web", {on("node-1", "10.0.0.1"), on("node-2", "10.0.0.2")}));
    return snapshot;
}

std::string compiled(model::Snapshot snapshot, const std::vector<model::Service>& services) {
    for (const model::Service& service : services)
        enter(snapshot.services, service);
    return services_text(compile(snapshot));
}

model::Service web(model::Service::Type type, std::uint16_t node_port = 0) {
    auto result = service("web", "10.96.0.1");
    result.type = type;
    result.ports[0].node_port = {node_port};
    return result;
}

TEST(Frontends, of_a_cluster_address_are_for_this_node) {
    auto given = web(cluster_ip, 30080);
    given.external_policy = local;
    given.ingress = {{addr("203.0.113.1"), false}};
    EXPECT_EQ(compiled(two_nodes(), {given}), "frontend 10.96.0.1:80/TCP default/web -> 10.0.0.1:8080 10.0.0.2:8080\n")
        << "what is meant for other types counts for nothing";
}

TEST(Frontends, follow_the_internal_policy_at_cluster_addresses_alone) {
    auto given = web(node_port, 30080);
    given.internal_policy = local;
    EXPECT_EQ(compiled(two_nodes(), {given}),
              "frontend 0.0.0.0:30080/TCP default/web NodePort -> 10.0.0.1:8080 10.0.0.2:8080\n"
              "frontend 10.96.0.1:80/TCP default/web -> 10.0.0.1:8080\n"
              "draining 10.96.0.1:80/TCP default/web -> 10.0.0.2:8080\n");
}

TEST(Frontends, of_node_ports_are_on_the_unspecified_address_of_each_family) {
    auto given = web(node_port, 30080);
    given.cluster_ips.push_back(addr("fd96::1"));
    EXPECT_EQ(compiled(two_nodes(), {given}),
              "frontend 0.0.0.0:30080/TCP default/web NodePort -> 10.0.0.1:8080 10.0.0.2:8080\n"
              "frontend 10.96.0.1:80/TCP default/web -> 10.0.0.1:8080 10.0.0.2:8080\n"
              "frontend [::]:30080/TCP default/web NodePort -> none\n"
              "frontend [fd96::1]:80/TCP default/web -> none\n");
    given.ports[0].node_port = {};
    EXPECT_EQ(compiled({}, {given}),
              "frontend 10.96.0.1:80/TCP default/web -> none\n"
              "frontend [fd96::1]:80/TCP default/web -> none\n")
        << "none was allocated";
}

TEST(Frontends, follow_the_external_policy_for_clients_from_outside_alone) {
    auto given = web(load_balancer, 30080);
    given.external_policy = local;
    given.external_ips = {addr("198.51.100.1")};
    given.ingress = {{addr("203.0.113.1"), false}, {addr("203.0.113.2"), true}};
    EXPECT_EQ(compiled(two_nodes(), {given}),
              "frontend 0.0.0.0:30080/TCP default/web NodePort -> 10.0.0.1:8080 10.0.0.2:8080 outside -> "
              "10.0.0.1:8080\n"
              "frontend 10.96.0.1:80/TCP default/web -> 10.0.0.1:8080 10.0.0.2:8080\n"
              "frontend 198.51.100.1:80/TCP default/web ExternalIP -> 10.0.0.1:8080 10.0.0.2:8080 outside -> "
              "10.0.0.1:8080\n"
              "frontend 203.0.113.1:80/TCP default/web LoadBalancer -> 10.0.0.1:8080 10.0.0.2:8080 outside -> "
              "10.0.0.1:8080\n"
              "vip 198.51.100.1\n"
              "vip 203.0.113.1\n");
}

TEST(Frontends, without_local_backend_tell_nobody_from_somebody_elsewhere) {
    auto given = web(node_port, 30080);
    given.external_policy = local;
    model::Snapshot elsewhere;
    enter(elsewhere.slices, slice("web", {on("node-2", "10.0.0.2")}));
    EXPECT_EQ(compiled(elsewhere, {given}),
              "frontend 0.0.0.0:30080/TCP default/web NodePort -> 10.0.0.2:8080 outside -> elsewhere\n"
              "frontend 10.96.0.1:80/TCP default/web -> 10.0.0.2:8080\n");
    EXPECT_EQ(compiled({}, {given}),
              "frontend 0.0.0.0:30080/TCP default/web NodePort -> none\n"
              "frontend 10.96.0.1:80/TCP default/web -> none\n");
}

struct Ranges {
    const char* says;
    std::vector<const char*> given;
    const char *v4, *v6;  // as printed
};

TEST(Frontends, of_load_balancers_have_source_ranges_of_their_family) {
    const std::vector<Ranges> rows{
        {"none: everybody", {}, "", ""},
        {"of both families", {"fd00::/8", "192.168.0.0/16"}, " from=192.168.0.0/16", " from=fd00::/8"},
        {"once, in order", {"10.0.0.0/8", "1.0.0.0/8", "10.0.0.0/8"}, " from=1.0.0.0/8,10.0.0.0/8", " from=::/128"},
        {"none of a family: nobody of it", {"fd00::/8"}, " from=0.0.0.0/32", " from=fd00::/8"},
        {"everybody of a family", {"10.0.0.0/8", "0.0.0.0/0"}, "", " from=::/128"},
    };
    for (const Ranges& row : rows) {
        auto given = web(load_balancer);
        given.cluster_ips.push_back(addr("fd96::1"));
        given.external_ips = {addr("198.51.100.1")};
        given.ingress = {{addr("203.0.113.1"), false}, {addr("2001:db8::1"), false}};
        for (const char* range : row.given)
            given.source_ranges.push_back(parse_prefix(range).value());
        EXPECT_EQ(compiled({}, {given}),
                  fmt::format("frontend 10.96.0.1:80/TCP default/web -> none\n"
                              "frontend 198.51.100.1:80/TCP default/web ExternalIP -> none\n"
                              "frontend 203.0.113.1:80/TCP default/web LoadBalancer{} -> none\n"
                              "frontend [2001:db8::1]:80/TCP default/web LoadBalancer{} -> none\n"
                              "frontend [fd96::1]:80/TCP default/web -> none\n"
                              "vip 198.51.100.1\nvip 203.0.113.1\nvip 2001:db8::1\n",
                              row.v4, row.v6))
            << row.says;
    }
}

TEST(Frontends, of_every_kind_have_the_affinity) {
    auto given = web(node_port, 30080);
    given.external_ips = {addr("198.51.100.1")};
    given.affinity_seconds = 600;
    EXPECT_EQ(compiled({}, {given}),
              "frontend 0.0.0.0:30080/TCP default/web NodePort affinity=600s -> none\n"
              "frontend 10.96.0.1:80/TCP default/web affinity=600s -> none\n"
              "frontend 198.51.100.1:80/TCP default/web ExternalIP affinity=600s -> none\n"
              "vip 198.51.100.1\n");
}

TEST(Frontends, choose_by_the_services_algorithm_or_the_nodes) {
    using enum model::Algorithm;
    auto given = web(node_port, 30080);
    model::Snapshot by_maglev;
    by_maglev.node.algorithm = maglev;
    const char* table =
        "frontend 0.0.0.0:30080/TCP default/web NodePort algorithm=maglev -> none\n"
        "frontend 10.96.0.1:80/TCP default/web algorithm=maglev -> none\n";
    const char* chance =
        "frontend 0.0.0.0:30080/TCP default/web NodePort -> none\n"
        "frontend 10.96.0.1:80/TCP default/web -> none\n";
    EXPECT_EQ(compiled({}, {given}), chance);
    EXPECT_EQ(compiled(by_maglev, {given}), table);
    given.algorithm = maglev;
    EXPECT_EQ(compiled({}, {given}), table);
    given.algorithm = random;
    EXPECT_EQ(compiled(by_maglev, {given}), chance);
}

TEST(Frontends, are_answered_directly_as_the_service_says_or_the_node) {
    using enum model::Forwarding;
    auto given = web(node_port, 30080);
    model::Snapshot by_node;
    by_node.node.forwarding = dsr;
    const char* direct =
        "frontend 0.0.0.0:30080/TCP default/web NodePort dsr -> none\n"
        "frontend 10.96.0.1:80/TCP default/web -> none\n";
    const char* by_address =
        "frontend 0.0.0.0:30080/TCP default/web NodePort -> none\n"
        "frontend 10.96.0.1:80/TCP default/web -> none\n";
    EXPECT_EQ(compiled({}, {given}), by_address);
    EXPECT_EQ(compiled(by_node, {given}), direct);
    given.forwarding = dsr;
    EXPECT_EQ(compiled({}, {given}), direct);
    given.forwarding = snat;
    EXPECT_EQ(compiled(by_node, {given}), by_address);
}

TEST(Frontends, that_several_services_want_belong_to_the_first) {
    auto a = service("a", "10.96.0.1"), b = service("b", "10.96.0.2"), c = service("c", "10.96.0.3");
    a.external_ips = b.external_ips = {addr("198.51.100.1")};
    c.external_ips = {addr("198.51.100.1"), addr("198.51.100.1"), addr("10.96.0.1")};
    c.ports[0].port = {81};
    c.ports.push_back({.name = "more", .port = Port{80}, .target_port = Port{8080}});
    EXPECT_EQ(compiled({}, {c, b, a}),
              "frontend 10.96.0.1:80/TCP default/a -> none\n"
              "frontend 10.96.0.1:81/TCP default/c ExternalIP -> none\n"
              "frontend 10.96.0.2:80/TCP default/b -> none\n"
              "frontend 10.96.0.3:80/TCP default/c:more -> none\n"
              "frontend 10.96.0.3:81/TCP default/c -> none\n"
              "frontend 198.51.100.1:80/TCP default/a ExternalIP -> none\n"
              "frontend 198.51.100.1:81/TCP default/c ExternalIP -> none\n"
              "unserved 10.96.0.1:80/TCP default/c:more: spec.externalIPs: TCP port 80 of 10.96.0.1 belongs to "
              "default/a (ClusterIP)\n"
              "unserved 198.51.100.1:80/TCP default/b: spec.externalIPs: TCP port 80 of 198.51.100.1 belongs to "
              "default/a (ExternalIP)\n"
              "unserved 198.51.100.1:80/TCP default/c:more: spec.externalIPs: TCP port 80 of 198.51.100.1 belongs to "
              "default/a (ExternalIP)\n"
              "unserved 198.51.100.1:80/TCP default/c:more: spec.externalIPs: TCP port 80 of 198.51.100.1 belongs to "
              "default/a (ExternalIP)\n"
              "vip 10.96.0.1\n"
              "vip 198.51.100.1\n");
}

TEST(Frontends, keep_the_source_ranges_of_an_address_that_is_external_as_well) {
    auto early = service("early", "10.96.0.2"), given = web(load_balancer);
    early.external_ips = given.external_ips = {addr("203.0.113.1")};
    given.ingress = {{addr("203.0.113.1"), false}};
    given.source_ranges = {parse_prefix("192.168.0.0/16").value()};
    EXPECT_EQ(compiled({}, {early, given}),
              "frontend 10.96.0.1:80/TCP default/web -> none\n"
              "frontend 10.96.0.2:80/TCP default/early -> none\n"
              "frontend 203.0.113.1:80/TCP default/web LoadBalancer from=192.168.0.0/16 -> none\n"
              "unserved 203.0.113.1:80/TCP default/early: spec.externalIPs: TCP port 80 of 203.0.113.1 belongs to "
              "default/web (LoadBalancer)\n"
              "vip 203.0.113.1\n");
}

TEST(Frontends, are_not_made_in_a_family_the_service_does_not_have) {
    auto given = service("web", "10.96.0.1");
    given.external_ips = {addr("2001:db8::1")};
    EXPECT_EQ(compiled({}, {given}),
              "frontend 10.96.0.1:80/TCP default/web -> none\n"
              "unserved [2001:db8::1]:80/TCP default/web: spec.externalIPs: 2001:db8::1: the Service has no address of "
              "this family\n");
}

TEST(Frontends, of_sctp_keep_their_port) {
    auto given = service("web", "10.96.0.1", Proto::sctp);
    given.type = node_port;
    given.ports[0].target_port = Port{30080};
    given.ports[0].node_port = {30080};
    const std::string reason = "instead of 80: ports of SCTP cannot be translated, its checksum covers them\n";
    EXPECT_EQ(compiled({}, {given}),
              "frontend 0.0.0.0:30080/SCTP default/web NodePort -> none\n"
              "unserved 10.96.0.1:80/SCTP default/web: spec.ports[0].targetPort: the backends have port 30080 " +
                  reason);
    given.ports[0].target_port = Port{80};
    EXPECT_EQ(compiled({}, {given}),
              "frontend 10.96.0.1:80/SCTP default/web -> none\n"
              "unserved 0.0.0.0:30080/SCTP default/web: spec.ports[0].nodePort: the backends have port 80 instead of "
              "30080: ports of SCTP cannot be translated, its checksum covers them\n");
}

TEST(Frontends, do_not_refuse_the_other_ports_of_a_nodes_address) {
    model::Snapshot snapshot;
    add_endpoint(snapshot, 1, {});
    model::Node node;
    node.meta = {.ns = "", .name = "node-2", .labels = {}, .origin = {}};
    node.addresses = {addr("192.168.0.2")};
    enter(snapshot.nodes, node);
    auto given = service("web", "10.96.0.1");
    given.external_ips = {addr("192.168.0.2"), addr("198.51.100.1"), addr("10.244.0.3")};
    EXPECT_EQ(compiled(snapshot, {given}),
              "frontend 10.96.0.1:80/TCP default/web -> none\n"
              "frontend 10.244.0.3:80/TCP default/web ExternalIP -> none\n"
              "frontend 192.168.0.2:80/TCP default/web ExternalIP -> none\n"
              "frontend 198.51.100.1:80/TCP default/web ExternalIP -> none\n"
              "vip 198.51.100.1\n");
}

TEST(Frontends, are_not_made_for_services_that_others_serve) {
    auto given = web(load_balancer, 30080);
    given.ingress = {{addr("203.0.113.1"), false}};
    given.foreign_proxy = true;
    EXPECT_EQ(compiled({}, {given}), "");
}

}  // namespace
}  // namespace beeline::compile
