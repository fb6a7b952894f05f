#include <fmt/format.h>
#include <gtest/gtest.h>

#include "plan/plan.h"

namespace beeline::plan {
namespace {

Addr addr(const char* text) {
    return parse_addr(text).value();
}

PolicyEntry entry(abi::Direction direction, std::uint32_t peer, Proto proto, std::uint16_t port) {
    return {.direction = direction,
            .peer = {peer},
            .proto = proto,
            .port = Port{port},
            .verdict = abi::PolicyVerdict::allow,
            .rule = {0xbee}};
}

Endpoint endpoint(std::uint16_t id, const char* name, PolicySet policy) {
    return {.id = {id},
            .name = name,
            .netns = "/run/netns/x",
            .netns_inode = 0,
            .ifname = "eth0",
            .host_ifname = "bl" + std::to_string(id),
            .addr4 = addr("10.244.1.2"),
            .addr6 = {},
            .identity = {256},
            .policy = std::move(policy)};
}

TEST(Text, of_an_empty_plan_is_the_node) {
    EXPECT_EQ(to_text(Plan{}), "node router none pods none services none mtu=1500\n");
}

TEST(Text, shows_what_is_not_masqueraded) {
    Plan plan;
    plan.unmasked = {parse_prefix("fd00::/64").value(), parse_prefix("10.0.0.0/8").value()};
    EXPECT_EQ(to_text(plan),
              "node router none pods none services none mtu=1500\n"
              "unmasked 10.0.0.0/8\n"
              "unmasked fd00::/64\n");
}

TEST(Text, shows_frontends_with_both_families_and_states) {
    Plan plan;
    plan.frontends[{addr("fd96::10"), Port{53}, Proto::udp}] = {
        .service = 1, .name = "a/dns", .backends = {}, .draining = {}};
    plan.frontends[{addr("10.96.0.10"), Port{80}, Proto::tcp}] = {
        .service = 2,
        .name = "a/web:http",
        .backends = {{addr("10.244.1.2"), Port{8080}, false}, {addr("10.244.1.3"), Port{8080}, true}},
        .draining = {{addr("10.244.1.4"), Port{8080}, true}}};
    plan.unserved.insert({{addr("10.96.0.11"), Port{90}, Proto::sctp}, {3, "a/x", "cannot be"}});
    EXPECT_EQ(to_text(plan),
              "node router none pods none services none mtu=1500\n"
              "frontend 10.96.0.10:80/TCP a/web:http -> 10.244.1.2:8080 10.244.1.3:8080(terminating)\n"
              "frontend [fd96::10]:53/UDP a/dns -> none\n"
              "draining 10.96.0.10:80/TCP a/web:http -> 10.244.1.4:8080(terminating)\n"
              "unserved 10.96.0.11:90/SCTP a/x: cannot be\n");
}

Frontend frontend(FrontendKind kind, std::vector<Backend> backends, std::optional<std::vector<Backend>> outside) {
    Frontend result;
    result.name = "a/web";
    result.kind = kind;
    result.backends = std::move(backends);
    result.outside = std::move(outside);
    return result;
}

struct FrontendText {
    const char* says;
    Frontend frontend;
    const char* line;  // after the name
};

TEST(Text, shows_who_is_served_at_a_frontend) {
    using enum FrontendKind;
    using Backends = std::vector<Backend>;
    const Backends none, one{{addr("10.0.0.1"), Port{80}, false}}, two{{addr("10.0.0.2"), Port{80}, true}};
    Frontend elsewhere = frontend(node_port, one, none), more = frontend(load_balancer, one, one);
    elsewhere.elsewhere = true;
    more.affinity_seconds = 60;
    more.algorithm = abi::Algorithm::maglev;
    more.source_ranges = {parse_prefix("10.0.0.0/8").value(), parse_prefix("11.0.0.0/8").value()};
    const std::vector<FrontendText> rows{
        {"a cluster address", frontend(cluster_ip, one, {}), " -> 10.0.0.1:80"},
        {"the same for everybody", frontend(node_port, one, one), " NodePort -> 10.0.0.1:80"},
        {"others for those from outside", frontend(external_ip, one, two),
         " ExternalIP -> 10.0.0.1:80 outside -> 10.0.0.2:80(terminating)"},
        {"nobody for them", frontend(load_balancer, one, none), " LoadBalancer -> 10.0.0.1:80 outside -> none"},
        {"elsewhere somebody", elsewhere, " NodePort -> 10.0.0.1:80 outside -> elsewhere"},
        {"nobody at all", frontend(node_port, none, none), " NodePort -> none"},
        {"not for those from outside", frontend(host_port, one, {}), " HostPort -> 10.0.0.1:80 outside -> not served"},
        {"what else there is", more,
         " LoadBalancer affinity=60s algorithm=maglev from=10.0.0.0/8,11.0.0.0/8 -> 10.0.0.1:80"},
    };
    for (const FrontendText& row : rows) {
        Plan plan;
        plan.frontends[{addr("::"), Port{30080}, Proto::tcp}] = row.frontend;
        const std::string text = to_text(plan);
        EXPECT_EQ(text.substr(text.find('\n') + 1), fmt::format("frontend [::]:30080/TCP a/web{}\n", row.line))
            << row.says;
    }
}

TEST(Text, shows_external_addresses_and_those_of_node_ports) {
    Plan plan;
    plan.node.node_port_addresses = {parse_prefix("192.168.0.0/16").value(), parse_prefix("fd00::/64").value()};
    plan.vips = {addr("2001:db8::1"), addr("203.0.113.9")};
    EXPECT_EQ(to_text(plan),
              "node router none pods none services none mtu=1500\n"
              "node ports 192.168.0.0/16,fd00::/64\n"
              "vip 203.0.113.9\n"
              "vip 2001:db8::1\n");
}

TEST(Text, shows_a_shared_policy_set_once) {
    const PolicySet shared{true, false, {entry(abi::ingress, 257, Proto::tcp, 80)}};
    const PolicySet other{true, true, {entry(abi::ingress, 0, Proto::any, 0), entry(abi::egress, 258, Proto::udp, 0)}};
    Plan plan;
    plan.endpoints[{1}] = endpoint(1, "a/one", shared);
    plan.endpoints[{2}] = endpoint(2, "a/two", other);
    plan.endpoints[{3}] = endpoint(3, "a/three", shared);
    plan.endpoints[{3}].netns_inode = 42;
    plan.identities[addr("10.244.2.9")] = {258};
    EXPECT_EQ(to_text(plan),
              "node router none pods none services none mtu=1500\n"
              "endpoint 1 a/one bl1 netns=/run/netns/x ifname=eth0 10.244.1.2 identity=256 isolated=ingress\n"
              "endpoint 2 a/two bl2 netns=/run/netns/x ifname=eth0 10.244.1.2 identity=256 isolated=ingress,egress\n"
              "endpoint 3 a/three bl3 netns=/run/netns/x inode=42 ifname=eth0 10.244.1.2 identity=256 "
              "isolated=ingress\n"
              "policy endpoint=1,3 ingress peer=257 TCP/80 allow rule=00000bee\n"
              "policy endpoint=2 ingress peer=any any allow rule=00000bee\n"
              "policy endpoint=2 egress peer=258 UDP/any allow rule=00000bee\n"
              "identity 10.244.2.9 = 258\n");
}

}  // namespace
}  // namespace beeline::plan
