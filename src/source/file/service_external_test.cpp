#include "source/file/service_external.h"

#include "source/file/describe_test.h"

namespace beeline::source::file {
namespace {

const std::string named = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n";
const std::string head = named + "spec:\n  ports: [{port: 80}]\n  ";
const std::string balancer = head + "type: LoadBalancer\n  ";
const std::string good = "Service default/web type=LoadBalancer [ TCP 80->80]";

TEST(ServiceExternal, external_addresses) {
    const Row rows[] = {
        {"of both families",
         "externalIPs: [192.0.2.1, '2001:db8::1']",
         {"Service default/web [ TCP 80->80] external=192.0.2.1,2001:db8::1"}},
        {"one twice is one",
         "externalIPs: [192.0.2.1, 192.0.2.1]",
         {"Service default/web [ TCP 80->80] external=192.0.2.1"}},
        {"an empty list", "externalIPs: []", {"Service default/web [ TCP 80->80]"}},
        {"a name",
         "externalIPs: [web]",
         {"! f:6: spec.externalIPs[0]: 'web' is not an IP address (Service default/web)"}},
        {"a prefix",
         "externalIPs: [192.0.2.0/24]",
         {"! f:6: spec.externalIPs[0]: '192.0.2.0/24' is not an IP address (Service default/web)"}},
        {"loopback",
         "externalIPs: [192.0.2.1, 127.0.0.1]",
         {"! f:6: spec.externalIPs[1]: '127.0.0.1' is an unspecified, loopback, link-local or multicast address "
          "(Service default/web)"}},
        {"null", "externalIPs:\n  - ", {"! f:7: spec.externalIPs[0]: is required (Service default/web)"}},
        {"no list",
         "externalIPs: 192.0.2.1",
         {"! f:6: spec.externalIPs: '192.0.2.1' is not a list (Service default/web)"}},
    };
    expect_rows(head, rows);
}

TEST(ServiceExternal, addresses_of_load_balancers) {
    const std::string list =
        named + "spec: {type: LoadBalancer, ports: [{port: 80}]}\nstatus: {loadBalancer: {ingress: ";
    const Row rows[] = {
        {"an address", "[{ip: 192.0.2.1}]}}", {good + " lb=192.0.2.1"}},
        {"two, and ports that say nothing here",
         "[{ip: 192.0.2.1, ports: [{port: 80}]}, {ip: '2001:db8::1', ipMode: VIP}]}}",
         {good + " lb=192.0.2.1,2001:db8::1"}},
        {"one that is not ours", "[{ip: 192.0.2.1, ipMode: Proxy}]}}", {good + " lb=192.0.2.1(proxy)"}},
        {"a name is passed over", "[{hostname: lb.example.com}, {ip: 192.0.2.1}]}}", {good + " lb=192.0.2.1"}},
        {"an empty address, too", "[{ip: '', hostname: lb.example.com}]}}", {good}},
        {"none", "[]}}", {good}},
        {"not an address",
         "[{ip: 192.0.2}]}}",
         {"! f:5: status.loadBalancer.ingress[0].ip: '192.0.2' is not an IP address (Service default/web)"}},
        {"link-local",
         "[{ip: 169.254.1.1}]}}",
         {"! f:5: status.loadBalancer.ingress[0].ip: '169.254.1.1' is an unspecified, loopback, link-local or "
          "multicast address (Service default/web)"}},
        {"an unknown mode",
         "[{ip: 192.0.2.1, ipMode: vip}]}}",
         {"! f:5: status.loadBalancer.ingress[0].ipMode: 'vip' is not one of VIP, Proxy (Service default/web)"}},
        {"a mode of no address",
         "[{hostname: a.b, ipMode: VIP}]}}",
         {"! f:5: status.loadBalancer.ingress[0].ipMode: 'VIP' is not allowed without ip (Service default/web)"}},
    };
    expect_rows(list, rows);
    const Row others[] = {
        {"an empty status", "status: {loadBalancer: {}}", {"Service default/web [ TCP 1->1]"}},
        {"of another type",
         "status: {loadBalancer: {ingress: [{ip: 192.0.2.1}]}}",
         {"! f:5: status.loadBalancer.ingress: is only allowed with type LoadBalancer (Service default/web)"}},
        {"no map",
         "status: {loadBalancer: [a]}",
         {"! f:5: status.loadBalancer: is a list, not a map (Service default/web)"}},
    };
    expect_rows(named + "spec: {ports: [{port: 1}]}\n", others);
}

TEST(ServiceExternal, traffic_policies) {
    const std::string only = ": 'Local' is only allowed with type NodePort or LoadBalancer, or with externalIPs";
    const Row rows[] = {
        {"inside", "internalTrafficPolicy: Local", {"Service default/web [ TCP 80->80] inside-local"}},
        {"inside, as by default", "internalTrafficPolicy: Cluster", {"Service default/web [ TCP 80->80]"}},
        {"outside, node ports",
         "type: NodePort\n  externalTrafficPolicy: Local",
         {"Service default/web type=NodePort [ TCP 80->80] outside-local"}},
        {"outside, load balancer", "type: LoadBalancer\n  externalTrafficPolicy: Local", {good + " outside-local"}},
        {"outside, as by default", "type: LoadBalancer\n  externalTrafficPolicy: Cluster", {good}},
        {"outside, external addresses",
         "externalIPs: [192.0.2.1]\n  externalTrafficPolicy: Local",
         {"Service default/web [ TCP 80->80] external=192.0.2.1 outside-local"}},
        {"outside, and nothing leads there",
         "externalTrafficPolicy: Local",
         {"! f:6: spec.externalTrafficPolicy" + only + " (Service default/web)"}},
        {"outside, and a name only",
         "type: ExternalName\n  externalName: a.b\n  externalIPs: [192.0.2.1]\n  externalTrafficPolicy: Local",
         {"! f:9: spec.externalTrafficPolicy" + only + " (Service default/web)"}},
        {"outside, and the address is wrong: told once",
         "externalIPs: [x]\n  externalTrafficPolicy: Local",
         {"! f:6: spec.externalIPs[0]: 'x' is not an IP address (Service default/web)"}},
        {"unknown inside",
         "internalTrafficPolicy: local",
         {"! f:6: spec.internalTrafficPolicy: 'local' is not one of Cluster, Local (Service default/web)"}},
        {"unknown outside",
         "type: NodePort\n  externalTrafficPolicy: OnlyLocal",
         {"! f:7: spec.externalTrafficPolicy: 'OnlyLocal' is not one of Cluster, Local (Service default/web)"}},
    };
    expect_rows(head, rows);
}

TEST(ServiceExternal, health_check_node_port) {
    const std::string only =
        "is only allowed with type LoadBalancer and externalTrafficPolicy Local (Service default/web)";
    const Row rows[] = {
        {"given",
         "type: LoadBalancer\n  externalTrafficPolicy: Local\n  healthCheckNodePort: 32000",
         {good + " outside-local health=32000"}},
        {"0 leaves it open",
         "type: LoadBalancer\n  externalTrafficPolicy: Local\n  healthCheckNodePort: 0",
         {good + " outside-local"}},
        {"0 says nothing anywhere", "healthCheckNodePort: 0", {"Service default/web [ TCP 80->80]"}},
        {"another policy",
         "type: LoadBalancer\n  healthCheckNodePort: 32000",
         {"! f:7: spec.healthCheckNodePort: '32000' " + only}},
        {"another type",
         "type: NodePort\n  externalTrafficPolicy: Local\n  healthCheckNodePort: 32000",
         {"! f:8: spec.healthCheckNodePort: '32000' " + only}},
        {"no port",
         "type: LoadBalancer\n  externalTrafficPolicy: Local\n  healthCheckNodePort: 70000",
         {"! f:8: spec.healthCheckNodePort: '70000' is outside 1-65535 (Service default/web)"}},
    };
    expect_rows(head, rows);
    const Row both[] = {{"also a node port",
                         "healthCheckNodePort: 32000\n  ports: [{port: 80, nodePort: 32000}]",
                         {"! f:7: spec.healthCheckNodePort: '32000' is a nodePort of this Service, too (Service "
                          "default/web)"}}};
    expect_rows(named + "spec:\n  type: LoadBalancer\n  externalTrafficPolicy: Local\n  ", both);
}

TEST(ServiceExternal, allocation_of_node_ports) {
    const Row rows[] = {
        {"not wanted", "type: LoadBalancer\n  allocateLoadBalancerNodePorts: false", {good + " unallocated"}},
        {"as by default", "type: LoadBalancer\n  allocateLoadBalancerNodePorts: true", {good}},
        {"of another type",
         "type: NodePort\n  allocateLoadBalancerNodePorts: false",
         {"! f:7: spec.allocateLoadBalancerNodePorts: 'false' is only allowed with type LoadBalancer (Service "
          "default/web)"}},
        {"a word",
         "type: LoadBalancer\n  allocateLoadBalancerNodePorts: never",
         {"! f:7: spec.allocateLoadBalancerNodePorts: 'never' is not a boolean (Service default/web)"}},
    };
    expect_rows(head, rows);
}

TEST(ServiceExternal, source_ranges) {
    const Row rows[] = {
        {"of both families",
         "loadBalancerSourceRanges: [10.0.0.0/8, 'fd00::/8']",
         {good + " from=10.0.0.0/8,fd00::/8"}},
        {"blanks around them",
         "loadBalancerSourceRanges: [' 10.0.0.0/8 ', \"\\t::/0\\n\"]",
         {good + " from=10.0.0.0/8,::/0"}},
        {"an empty list is everybody", "loadBalancerSourceRanges: []", {good}},
        {"no prefix",
         "loadBalancerSourceRanges: [' 10.0.0.1 ']",
         {"! f:7: spec.loadBalancerSourceRanges[0]: ' 10.0.0.1 ' is not a prefix: no /length (Service default/web)"}},
        {"host bits",
         "loadBalancerSourceRanges: [10.0.0.1/8]",
         {"! f:7: spec.loadBalancerSourceRanges[0]: '10.0.0.1/8' has host bits set; the prefix is 10.0.0.0/8 (Service "
          "default/web)"}},
        {"blank",
         "loadBalancerSourceRanges: [' ']",
         {"! f:7: spec.loadBalancerSourceRanges[0]: ' ' is not a prefix: no /length (Service default/web)"}},
        {"a number",
         "loadBalancerSourceRanges: [10]",
         {"! f:7: spec.loadBalancerSourceRanges[0]: '10' is a number, not a string; quote it (Service default/web)"}},
        {"no list",
         "loadBalancerSourceRanges: 10.0.0.0/8",
         {"! f:7: spec.loadBalancerSourceRanges: '10.0.0.0/8' is not a list (Service default/web)"}},
    };
    expect_rows(balancer, rows);
    const Row others[] = {
        {"of another type",
         "type: NodePort\n  loadBalancerSourceRanges: [10.0.0.0/8]",
         {"! f:7: spec.loadBalancerSourceRanges: is only allowed with type LoadBalancer (Service default/web)"}},
    };
    expect_rows(head, others);
}

TEST(ServiceExternal, source_ranges_in_the_annotation) {
    const std::string key = "metadata.annotations.service.beta.kubernetes.io/load-balancer-source-ranges: ";
    const auto with = [](const std::string& value, const std::string& spec) {
        return "{name: web, annotations: {service.beta.kubernetes.io/load-balancer-source-ranges: " + value +
               "}}\nspec: {ports: [{port: 80}], " + spec + "}";
    };
    const std::string lb = "type: LoadBalancer";
    const Row rows[] = {
        {"a list", with("' 10.0.0.0/8 ,fd00::/8'", lb), {good + " from=10.0.0.0/8,fd00::/8"}},
        {"blank is everybody", with("' '", lb), {good}},
        {"null is everybody", with("", lb), {good}},
        {"the field wins",
         with("10.0.0.0/8", lb + ", loadBalancerSourceRanges: [192.0.2.0/24]"),
         {good + " from=192.0.2.0/24"}},
        {"unless it is empty", with("10.0.0.0/8", lb + ", loadBalancerSourceRanges: []"), {good + " from=10.0.0.0/8"}},
        {"no prefix",
         with("'10.0.0.0/8,web'", lb),
         {"! f:3: " + key + "'10.0.0.0/8,web' is wrong: 'web' is not a prefix: no /length (Service default/web)"}},
        {"a comma at the end",
         with("'10.0.0.0/8,'", lb),
         {"! f:3: " + key + "'10.0.0.0/8,' ends in a comma (Service default/web)"}},
        {"a number",
         with("10", lb),
         {"! f:3: " + key + "'10' is a number, not a string; quote it (Service default/web)"}},
        {"of another type",
         with("10.0.0.0/8", "type: NodePort"),
         {"! f:3: " + key + "'10.0.0.0/8' is only allowed with type LoadBalancer (Service default/web)"}},
    };
    expect_rows("apiVersion: v1\nkind: Service\nmetadata: ", rows);
}

TEST(ServiceExternal, algorithm_in_the_annotation) {
    const std::string key = "metadata.annotations.service.beeline.io/algorithm: ";
    const auto with = [](const std::string& value) {
        return "{name: web, annotations: {service.beeline.io/algorithm: " + value +
               "}}\nspec: {ports: [{port: 80}], type: LoadBalancer}";
    };
    const Row rows[] = {
        {"maglev", with("maglev"), {good + " by=maglev"}},
        {"random, whatever the node says", with("random"), {good + " by=random"}},
        {"by turns", with("round-robin"), {good + " by=round-robin"}},
        {"by connections", with("least-connections"), {good + " by=least-connections"}},
        {"null is the node's", with(""), {good}},
        {"another",
         with("Maglev"),
         {"! f:3: " + key +
          "'Maglev' is not one of random, maglev, round-robin, least-connections (Service default/web)"}},
        {"a number", with("1"), {"! f:3: " + key + "'1' is a number, not a string; quote it (Service default/web)"}},
    };
    expect_rows("apiVersion: v1\nkind: Service\nmetadata: ", rows);
}

TEST(ServiceExternal, forwarding_mode_in_the_annotation) {
    const std::string key = "metadata.annotations.service.beeline.io/forwarding-mode: ";
    const auto with = [](const std::string& value) {
        return "{name: web, annotations: {service.beeline.io/forwarding-mode: " + value +
               "}}\nspec: {ports: [{port: 80}], type: LoadBalancer}";
    };
    const Row rows[] = {
        {"dsr", with("dsr"), {good + " via=dsr"}},
        {"snat, whatever the node says", with("snat"), {good + " via=snat"}},
        {"null is the node's", with(""), {good}},
        {"another", with("DSR"), {"! f:3: " + key + "'DSR' is not one of snat, dsr (Service default/web)"}},
    };
    expect_rows("apiVersion: v1\nkind: Service\nmetadata: ", rows);
}

}  // namespace
}  // namespace beeline::source::file
