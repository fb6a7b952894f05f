#include "source/file/describe_test.h"

namespace beeline::source::file {
namespace {

const std::string head = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  ";

TEST(Service, ports) {
    const Row rows[] = {
        {"a port", "ports: [{port: 80}]", {"Service default/web [ TCP 80->80]"}},
        {"target by number", "ports: [{port: 80, targetPort: 8080}]", {"Service default/web [ TCP 80->8080]"}},
        {"target by name", "ports: [{port: 80, targetPort: http}]", {"Service default/web [ TCP 80->http]"}},
        {"target 0 is the port", "ports: [{port: 80, targetPort: 0}]", {"Service default/web [ TCP 80->80]"}},
        {"target \"\" is the port", "ports: [{port: 80, targetPort: ''}]", {"Service default/web [ TCP 80->80]"}},
        {"target null is the port", "ports: [{port: 80, targetPort: null}]", {"Service default/web [ TCP 80->80]"}},
        {"hexadecimal", "ports: [{port: 0x50}]", {"Service default/web [ TCP 80->80]"}},
        {"names and protocols",
         "ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}, {name: s, port: 9, protocol: SCTP}]",
         {"Service default/web [dns UDP 53->53] [dns-tcp TCP 53->53] [s SCTP 9->9]"}},
        {"none", "selector: {a: b}", {"! f:4: spec.ports: is required (Service default/web)"}},
        {"an empty list", "ports: []", {"! f:5: spec.ports: is required (Service default/web)"}},
        {"not a list", "ports: 80", {"! f:5: spec.ports: '80' is a number, not a list (Service default/web)"}},
        {"an item that is no map",
         "ports: [80]",
         {"! f:5: spec.ports[0]: '80' is a number, not a map (Service default/web)"}},
        {"an empty item", "ports:\n  -", {"! f:6: spec.ports[0]: is null, not a map (Service default/web)"}},
        {"no number", "ports: [{name: a}]", {"! f:5: spec.ports[0].port: is required (Service default/web)"}},
        {"a quoted number",
         "ports: [{port: \"80\"}]",
         {"! f:5: spec.ports[0].port: '80' is a string, not a number (Service default/web)"}},
        {"letters",
         "ports:\n  - name: a\n    port: 8x",
         {"! f:7: spec.ports[0].port: '8x' is not a number (Service default/web)"}},
        {"a fraction",
         "ports: [{port: 80.5}]",
         {"! f:5: spec.ports[0].port: '80.5' is not a whole number (Service default/web)"}},
        {"zero", "ports: [{port: 0}]", {"! f:5: spec.ports[0].port: '0' is outside 1-65535 (Service default/web)"}},
        {"too large",
         "ports: [{port: 65536}]",
         {"! f:5: spec.ports[0].port: '65536' is outside 1-65535 (Service default/web)"}},
        {"negative",
         "ports: [{port: -1}]",
         {"! f:5: spec.ports[0].port: '-1' is outside 1-65535 (Service default/web)"}},
        {"beyond 64 bits",
         "ports: [{port: 99999999999999999999}]",
         {"! f:5: spec.ports[0].port: '99999999999999999999' is too large a number (Service default/web)"}},
        {"a boolean",
         "ports: [{port: on}]",
         {"! f:5: spec.ports[0].port: 'on' is a boolean, not a number (Service default/web)"}},
        {"a map", "ports: [{port: {}}]", {"! f:5: spec.ports[0].port: is a map, not a number (Service default/web)"}},
        {"target out of range",
         "ports: [{port: 80, targetPort: 70000}]",
         {"! f:5: spec.ports[0].targetPort: '70000' is outside 1-65535 (Service default/web)"}},
        {"target with no letter",
         "ports: [{port: 80, targetPort: \"8080\"}]",
         {"! f:5: spec.ports[0].targetPort: '8080' is not a port name (a-z, 0-9 and '-', a letter among them, at most "
          "15) (Service default/web)"}},
        {"protocol in small letters",
         "ports: [{port: 80, protocol: tcp}]",
         {"! f:5: spec.ports[0].protocol: 'tcp' is not one of TCP, UDP, SCTP (Service default/web)"}},
        {"a name with capitals",
         "ports: [{port: 80, name: HTTP}]",
         {"! f:5: spec.ports[0].name: 'HTTP' is not a DNS label (a-z, 0-9 and '-', at most 63) (Service "
          "default/web)"}},
        {"several need names",
         "ports: [{port: 80}, {name: b, port: 81}]",
         {"! f:5: spec.ports[0].name: is required (Service default/web)"}},
        {"a name twice",
         "ports: [{name: a, port: 80}, {name: a, port: 81}]",
         {"! f:5: spec.ports[1].name: 'a' is given twice (Service default/web)"}},
        {"a port twice",
         "ports: [{name: a, port: 80}, {name: b, port: 80}]",
         {"! f:5: spec.ports[1].port: '80' is given twice for TCP (Service default/web)"}},
        {"everything that is wrong is told",
         "type: Foo\n  ports: [{port: x}]\n  selector: {a: 1}",
         {"! f:5: spec.type: 'Foo' is not one of ClusterIP, NodePort, LoadBalancer, ExternalName (Service default/web)",
          "! f:6: spec.ports[0].port: 'x' is not a number (Service default/web)",
          "! f:7: spec.selector.a: '1' is a number, not a string; quote it (Service default/web)"}},
    };
    expect_rows(head, rows);
}

TEST(Service, node_ports) {
    const Row rows[] = {
        {"given",
         "type: NodePort\n  ports: [{port: 80, nodePort: 30080}]",
         {"Service default/web type=NodePort [ TCP 80->80 at 30080]"}},
        {"of a load balancer",
         "type: LoadBalancer\n  ports: [{port: 80, nodePort: 30080}]",
         {"Service default/web type=LoadBalancer [ TCP 80->80 at 30080]"}},
        {"0 leaves it open",
         "type: NodePort\n  ports: [{port: 80, nodePort: 0}]",
         {"Service default/web type=NodePort [ TCP 80->80]"}},
        {"0 says nothing anywhere", "ports: [{port: 80, nodePort: 0}]", {"Service default/web [ TCP 80->80]"}},
        {"one number for two protocols",
         "type: NodePort\n  ports: [{name: a, port: 53, nodePort: 30053}, {name: b, port: 53, protocol: UDP, nodePort: "
         "30053}]",
         {"Service default/web type=NodePort [a TCP 53->53 at 30053] [b UDP 53->53 at 30053]"}},
        {"one number twice",
         "type: NodePort\n  ports: [{name: a, port: 80, nodePort: 30080}, {name: b, port: 81, nodePort: 30080}]",
         {"! f:6: spec.ports[1].nodePort: '30080' is given twice for TCP (Service default/web)"}},
        {"of a cluster address",
         "ports: [{port: 80, nodePort: 30080}]",
         {"! f:5: spec.ports[0].nodePort: '30080' is only allowed with type NodePort or LoadBalancer (Service "
          "default/web)"}},
        {"of a name",
         "type: ExternalName\n  externalName: a.b\n  ports: [{port: 80, nodePort: 30080}]",
         {"! f:7: spec.ports[0].nodePort: '30080' is only allowed with type NodePort or LoadBalancer (Service "
          "default/web)"}},
        {"no port",
         "type: NodePort\n  ports: [{port: 80, nodePort: 65536}]",
         {"! f:6: spec.ports[0].nodePort: '65536' is outside 1-65535 (Service default/web)"}},
        {"a quoted number",
         "type: NodePort\n  ports: [{port: 80, nodePort: '30080'}]",
         {"! f:6: spec.ports[0].nodePort: '30080' is a string, not a number (Service default/web)"}},
    };
    expect_rows(head, rows);
}

TEST(Service, affinity_and_distribution) {
    const std::string port = "ports: [{port: 80}]\n  ", good = "Service default/web [ TCP 80->80]";
    const Row rows[] = {
        {"three hours, as the API server fills in", "sessionAffinity: ClientIP", {good + " affinity=10800"}},
        {"a time",
         "sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 86400}}",
         {good + " affinity=86400"}},
        {"no time in it",
         "sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {}}",
         {good + " affinity=10800"}},
        {"none", "sessionAffinity: None", {good}},
        {"zero seconds",
         "sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}",
         {"! f:7: spec.sessionAffinityConfig.clientIP.timeoutSeconds: '0' is outside 1-86400 (Service default/web)"}},
        {"more than a day",
         "sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}",
         {"! f:7: spec.sessionAffinityConfig.clientIP.timeoutSeconds: '86401' is outside 1-86400 (Service "
          "default/web)"}},
        {"a time in words",
         "sessionAffinity: ClientIP\n  sessionAffinityConfig: {clientIP: {timeoutSeconds: 3h}}",
         {"! f:7: spec.sessionAffinityConfig.clientIP.timeoutSeconds: '3h' is not a number (Service default/web)"}},
        {"a time for nothing",
         "sessionAffinityConfig: {clientIP: {timeoutSeconds: 5}}",
         {"! f:6: spec.sessionAffinityConfig: is only allowed with sessionAffinity ClientIP (Service default/web)"}},
        {"unknown, told once",
         "sessionAffinity: clientip\n  sessionAffinityConfig: {}",
         {"! f:6: spec.sessionAffinity: 'clientip' is not one of None, ClientIP (Service default/web)"}},
        {"near", "trafficDistribution: PreferClose", {good + " near=zone"}},
        {"in the zone", "trafficDistribution: PreferSameZone", {good + " near=zone"}},
        {"on the node", "trafficDistribution: PreferSameNode", {good + " near=node"}},
        {"anywhere else",
         "trafficDistribution: Prefer",
         {"! f:6: spec.trafficDistribution: 'Prefer' is not one of PreferClose, PreferSameZone, PreferSameNode "
          "(Service default/web)"}},
    };
    expect_rows(head + port, rows);
}

TEST(Service, addresses) {
    const std::string port = "ports: [{port: 80}]\n  ";
    const Row rows[] = {
        {"given", "clusterIP: 10.96.0.10", {"Service default/web ips=10.96.0.10 [ TCP 80->80]"}},
        {"not given", "clusterIP: \"\"", {"Service default/web [ TCP 80->80]"}},
        {"headless", "clusterIP: None", {"Service default/web headless [ TCP 80->80]"}},
        {"headless as the API server writes it",
         "clusterIP: None\n  clusterIPs: [None]",
         {"Service default/web headless [ TCP 80->80]"}},
        {"both forms",
         "clusterIP: 10.96.0.10\n  clusterIPs: [10.96.0.10]",
         {"Service default/web ips=10.96.0.10 [ TCP 80->80]"}},
        {"two families",
         "clusterIPs: [10.96.0.10, 'fd00::a']\n  ipFamilyPolicy: PreferDualStack",
         {"Service default/web ips=10.96.0.10,fd00::a dual=prefer [ TCP 80->80]"}},
        {"families",
         "ipFamilies: [IPv6, IPv4]\n  ipFamilyPolicy: RequireDualStack",
         {"Service default/web v6 v4 dual=require [ TCP 80->80]"}},
        {"the forms differ",
         "clusterIP: 10.96.0.10\n  clusterIPs: [10.96.0.11]",
         {"! f:6: spec.clusterIP: '10.96.0.10' differs from clusterIPs[0] (Service default/web)"}},
        {"not an address",
         "clusterIP: web",
         {"! f:6: spec.clusterIP: 'web' is not an IP address (Service default/web)"}},
        {"a leading zero",
         "clusterIP: 10.096.0.1",
         {"! f:6: spec.clusterIP: '10.096.0.1' is not an IP address (Service default/web)"}},
        {"IPv4 in IPv6",
         "clusterIP: '::ffff:10.0.0.1'",
         {"! f:6: spec.clusterIP: '::ffff:10.0.0.1' is an IPv4-mapped IPv6 address; write it as IPv4 (Service "
          "default/web)"}},
        {"loopback",
         "clusterIP: 127.0.0.1",
         {"! f:6: spec.clusterIP: '127.0.0.1' is an unspecified, loopback, link-local or multicast address (Service "
          "default/web)"}},
        {"None beside an address",
         "clusterIPs: [None, 10.0.0.1]",
         {"! f:6: spec.clusterIPs[0]: 'None' does not stand beside addresses (Service default/web)"}},
        {"one family twice",
         "clusterIPs: [10.0.0.1, 10.0.0.2]\n  ipFamilyPolicy: PreferDualStack",
         {"! f:6: spec.clusterIPs[1]: '10.0.0.2' is of the same family as the one before (Service default/web)"}},
        {"three",
         "clusterIPs: [10.0.0.1, 'fd00::1', 10.0.0.2]\n  ipFamilyPolicy: PreferDualStack",
         {"! f:6: spec.clusterIPs[2]: '10.0.0.2' is one too many: at most one address a family (Service default/web)"}},
        {"two families in a single stack",
         "ipFamilies: [IPv4, IPv6]",
         {"! f:4: spec.ipFamilyPolicy: must be PreferDualStack or RequireDualStack, as two families are given (Service "
          "default/web)"}},
        {"a family twice",
         "ipFamilies: [IPv4, IPv4]\n  ipFamilyPolicy: PreferDualStack",
         {"! f:6: spec.ipFamilies[1]: 'IPv4' is given twice (Service default/web)"}},
        {"an unknown family",
         "ipFamilies: [ipv4]",
         {"! f:6: spec.ipFamilies[0]: 'ipv4' is not one of IPv4, IPv6 (Service default/web)"}},
        {"an unknown policy",
         "ipFamilyPolicy: Dual",
         {"! f:6: spec.ipFamilyPolicy: 'Dual' is not one of SingleStack, PreferDualStack, RequireDualStack (Service "
          "default/web)"}},
        {"address and family disagree",
         "clusterIP: 10.0.0.1\n  ipFamilies: [IPv6]",
         {"! f:6: spec.clusterIP: '10.0.0.1' is not of the family of spec.ipFamilies[0] (Service default/web)"}},
    };
    expect_rows(head + port, rows);
}

TEST(Service, types) {
    const Row rows[] = {
        {"headless needs no ports",
         "clusterIP: None\n  selector: {a: b}",
         {"Service default/web headless selector=a=b"}},
        {"external name", "type: ExternalName\n  externalName: example.com", {"Service default/web type=ExternalName"}},
        {"load balancer",
         "type: LoadBalancer\n  ports: [{port: 80}]",
         {"Service default/web type=LoadBalancer [ TCP 80->80]"}},
        {"what is not acted on is passed over",
         "ports: [{port: 80, appProtocol: h2}]\n  loadBalancerClass: a/b\n  whatever: [1]",
         {"Service default/web [ TCP 80->80]"}},
        {"not ready is ready",
         "ports: [{port: 80}]\n  publishNotReadyAddresses: true",
         {"Service default/web [ TCP 80->80] early"}},
        {"an external name needs one",
         "type: ExternalName",
         {"! f:4: spec.externalName: is required (Service default/web)"}},
        {"an external name with an address",
         "type: ExternalName\n  externalName: a.b\n  clusterIP: 10.0.0.1",
         {"! f:7: spec.clusterIP: '10.0.0.1' is not allowed with type ExternalName (Service default/web)"}},
        {"a headless node port",
         "type: NodePort\n  clusterIP: None\n  ports: [{port: 80}]",
         {"! f:6: spec.clusterIP: 'None' is not allowed with type NodePort or LoadBalancer (Service default/web)"}},
        {"a word for a boolean",
         "ports: [{port: 80}]\n  publishNotReadyAddresses: 'true'",
         {"! f:6: spec.publishNotReadyAddresses: 'true' is a string, not a boolean (Service default/web)"}},
        {"spec is no map",
         "- a",
         {"! f:4: spec: is a list, not a map (Service default/web)",
          "! f:4: spec.ports: is required (Service default/web)"}},
    };
    expect_rows(head, rows);
    const Row labelled[] = {
        {"proxied by another",
         "{name: w, labels: {service.kubernetes.io/service-proxy-name: x}}\nspec: {ports: [{port: 1}]}",
         {"Service default/w labels=service.kubernetes.io/service-proxy-name=x [ TCP 1->1] foreign"}},
        {"headless by label",
         "{name: w, labels: {service.kubernetes.io/headless: ''}}\nspec: {ports: [{port: 1}]}",
         {"Service default/w labels=service.kubernetes.io/headless= [ TCP 1->1] foreign"}},
    };
    expect_rows("apiVersion: v1\nkind: Service\nmetadata: ", labelled);
}

}  // namespace
}  // namespace beeline::source::file
