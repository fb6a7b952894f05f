#include "source/file/describe_test.h"

namespace beeline::source::file {
namespace {

const std::string head =
    "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"
    "metadata: {name: w-1, namespace: a, labels: {kubernetes.io/service-name: w}}\n";
const std::string good = "EndpointSlice a/w-1 labels=kubernetes.io/service-name=w of=a/w ";

TEST(EndpointSlice, all_that_is_read) {
    const Row rows[] = {
        {"two endpoints",
         "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], nodeName: n1}, {addresses: [10.0.0.2]}]\n"
         "ports: [{name: http, port: 80, protocol: TCP, appProtocol: h2}, {port: 53, protocol: UDP}]",
         {good + "v4 (10.0.0.1 node=n1) (10.0.0.2) [http TCP 80] [ UDP 53]"}},
        {"IPv6", "addressType: IPv6\nendpoints: [{addresses: ['fd00::1']}]", {good + "v6 (fd00::1)"}},
        {"no endpoints", "addressType: IPv4\nendpoints: []\nports: null", {good + "v4"}},
        {"conditions not stated",
         "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {}}]",
         {good + "v4 (10.0.0.1)"}},
        {"unready, and so not serving",
         "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: false}}]",
         {good + "v4 (10.0.0.1 unready unserving)"}},
        {"terminating but serving",
         "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: false, serving: true, "
         "terminating: true}}]",
         {good + "v4 (10.0.0.1 unready terminating)"}},
        {"a port without a number is left out",
         "addressType: IPv4\nendpoints: []\nports: [{name: ''}, {port: 1}]",
         {good + "v4 [ TCP 1]"}},
        {"names are for DNS",
         "addressType: FQDN\nendpoints: [{addresses: [a.example.com]}]",
         {"~ f:1 discovery.k8s.io/v1 EndpointSlice"}},
        {"no type", "endpoints: []", {"! f:1: addressType: is required (EndpointSlice a/w-1)"}},
        {"another type",
         "addressType: ipv4",
         {"! f:4: addressType: 'ipv4' is not one of IPv4, IPv6, FQDN (EndpointSlice a/w-1)"}},
        {"no addresses",
         "addressType: IPv4\nendpoints:\n- nodeName: n1",
         {"! f:6: endpoints[0].addresses: is required (EndpointSlice a/w-1)"}},
        {"of the other family",
         "addressType: IPv4\nendpoints:\n- addresses:\n  - fd00::1",
         {"! f:7: endpoints[0].addresses[0]: 'fd00::1' is not of the slice's addressType (EndpointSlice a/w-1)"}},
        {"loopback",
         "addressType: IPv6\nendpoints: [{addresses: ['::1']}]",
         {"! f:5: endpoints[0].addresses[0]: '::1' is an unspecified, loopback, link-local or multicast address "
          "(EndpointSlice a/w-1)"}},
        {"link-local",
         "addressType: IPv6\nendpoints: [{addresses: ['fe80::1']}]",
         {"! f:5: endpoints[0].addresses[0]: 'fe80::1' is an unspecified, loopback, link-local or multicast address "
          "(EndpointSlice a/w-1)"}},
        {"addresses as a word",
         "addressType: IPv4\nendpoints: [{addresses: 10.0.0.1}]",
         {"! f:5: endpoints[0].addresses: '10.0.0.1' is not a list (EndpointSlice a/w-1)"}},
        {"ready as a word",
         "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], conditions: {ready: 'true'}}]",
         {"! f:5: endpoints[0].conditions.ready: 'true' is a string, not a boolean (EndpointSlice a/w-1)"}},
        {"port number",
         "addressType: IPv4\nports: [{port: '80'}]",
         {"! f:5: ports[0].port: '80' is a string, not a number (EndpointSlice a/w-1)"}},
    };
    expect_rows(head, rows);
    const Row alone[] = {
        {"of no service",
         "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: x}\naddressType: IPv4",
         {"EndpointSlice default/x v4"}}};
    expect_rows("", alone);
}

TEST(EndpointSlice, hints) {
    const std::string first = "addressType: IPv4\nendpoints: [{addresses: [10.0.0.1], hints: ";
    const std::string at = "! f:5: endpoints[0].hints";
    std::string nine;
    for (int i = 0; i < 9; i++)
        nine += "{name: z" + std::to_string(i) + "},";
    const Row rows[] = {
        {"zones", "{forZones: [{name: zone-a}, {name: Zone_B}]}}]", {good + "v4 (10.0.0.1 zones=zone-a,Zone_B)"}},
        {"nodes", "{forNodes: [{name: n1.example.com}]}}]", {good + "v4 (10.0.0.1 nodes=n1.example.com)"}},
        {"both", "{forZones: [{name: a}], forNodes: [{name: n1}]}}]", {good + "v4 (10.0.0.1 zones=a nodes=n1)"}},
        {"none", "{}}]", {good + "v4 (10.0.0.1)"}},
        {"no name", "{forZones: [{}]}}]", {at + ".forZones[0].name: is required (EndpointSlice a/w-1)"}},
        {"a word for an item", "{forZones: [a]}}]", {at + ".forZones[0]: 'a' is not a map (EndpointSlice a/w-1)"}},
        {"no zone's name",
         "{forZones: [{name: a b}]}}]",
         {at + ".forZones[0].name: 'a b' is not a label value (letters, digits, '-', '_' and '.', at most 63) "
               "(EndpointSlice a/w-1)"}},
        {"no node's name",
         "{forNodes: [{name: N_1}]}}]",
         {at + ".forNodes[0].name: 'N_1' is not a DNS name (a-z, 0-9, '-' and '.', at most 253) (EndpointSlice "
               "a/w-1)"}},
        {"one twice",
         "{forZones: [{name: a}, {name: a}]}}]",
         {at + ".forZones[1].name: 'a' is given twice (EndpointSlice a/w-1)"}},
        {"too many", "{forZones: [" + nine + "]}}]", {at + ".forZones: has more than 8 items (EndpointSlice a/w-1)"}},
        {"no map", "[a]}]", {at + ": is a list, not a map (EndpointSlice a/w-1)"}},
    };
    expect_rows(head + first, rows);
}

}  // namespace
}  // namespace beeline::source::file
