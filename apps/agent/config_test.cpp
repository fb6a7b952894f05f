#include "apps/agent/config.h"

#include <gtest/gtest.h>
#include <algorithm>

namespace beeline::agent {
namespace {

TEST(Config, NothingWrittenIsAWorkingConfiguration) {
    for (const char* text : {"", "# all defaults\n", "---\n", "{}"}) {
        const auto parsed = parse_config(text, "b.yaml");
        ASSERT_TRUE(parsed) << parsed.error().what;
        const auto config = resolve(*parsed);
        ASSERT_TRUE(config) << config.error().what;
        EXPECT_FALSE(config->node.empty());
        EXPECT_EQ(config->socket, "/var/run/beeline/beeline.sock");
        const auto node = node_config(*config);
        ASSERT_EQ(node.routers.size(), 2u);
        EXPECT_EQ(to_string(node.routers[0]), "10.244.0.1");
        EXPECT_EQ(to_string(node.routers[1]), "fd00:10:244::1");
    }
}

TEST(Config, EveryKeyIsRead) {
    const auto parsed = parse_config(R"(
node: n1
manifests: /m
pod_cidrs: [10.1.0.0/24]
service_cidrs: ["fd00:96::/112"]
devices: [eth0, eth1]
bpffs: /b
run_dir: /r
socket: /s.sock
cgroup: /c
health: 10.0.0.1:80
mtu: 9000
delivery: veth
attach: clsact
log_level: debug
flows:
  entries: 65536
  endpoint_quota: 1000
  timeouts: {tcp_syn: 1, tcp: 100, tcp_closing: 2, udp: 4, udp_replied: 20, icmp: 3, close_linger: 5}
masquerade:
  ipv4: false
  ipv6: false
  exclude: [10.0.0.0/8, "fd00::/8"]
  ports: "5000-5999"
node_ports: {range: 31000-31999}
services: {algorithm: maglev, forwarding: dsr, tunnel_port: 7000, probes: true}
routing: host
mark: 0x200
event_buffer: 65536
journal: 10
resync: 5
)",
                                     "b.yaml");
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(config_keys().size(), 24u) << "a new key needs its line here and in this test";
    EXPECT_EQ(parsed->node, "n1");
    EXPECT_EQ(parsed->manifests, "/m");
    EXPECT_EQ(node_config(*parsed).algorithm, model::Algorithm::maglev);
    EXPECT_EQ(node_config(*parsed).forwarding, model::Forwarding::dsr);
    EXPECT_EQ(parsed->tunnel_port, 7000);
    EXPECT_TRUE(parsed->probes && !Config{}.probes);
    EXPECT_EQ(to_string(parsed->pod_cidrs.at(0)), "10.1.0.0/24");
    EXPECT_EQ(to_string(parsed->service_cidrs.at(0)), "fd00:96::/112");
    EXPECT_EQ(parsed->devices, (std::vector<std::string>{"eth0", "eth1"}));
    EXPECT_EQ(parsed->bpffs, "/b");
    EXPECT_EQ(parsed->run_dir, "/r");
    EXPECT_EQ(parsed->socket, "/s.sock");
    EXPECT_EQ(parsed->cgroup, "/c");
    EXPECT_EQ(parsed->health, (api::TcpPlace{*parse_addr("10.0.0.1"), {80}}));
    EXPECT_EQ(parsed->mtu, 9000u);
    EXPECT_EQ(parsed->delivery, Delivery::veth);
    EXPECT_EQ(parsed->attach, Attach::clsact);
    EXPECT_EQ(parsed->log_level, LogLevel::debug);
    EXPECT_EQ(parsed->routing, kernel::Routing::host);
    EXPECT_EQ(parsed->mark, 0x200u);
    EXPECT_EQ(parsed->event_buffer, 65536u);
    EXPECT_EQ(parsed->journal, 10u);
    EXPECT_EQ(parsed->resync.count(), 5);
}

TEST(Config, EveryKeyOfAMapIsRead) {
    const auto parsed = parse_config(R"(
flows:
  entries: 65536
  endpoint_quota: 1000
  timeouts: {tcp_syn: 1, tcp: 100, tcp_closing: 2, udp: 4, udp_replied: 20, icmp: 3, close_linger: 5}
masquerade:
  ipv4: false
  ipv6: false
  exclude: [10.0.0.0/8, "fd00::/8"]
  ports: "5000-5999"
cgroup: {root: /c, include: [/c/a], exclude: [/c/a/b, /c/d], node_only: true, shortcut: [/c/e]}
node_ports:
  range: 31000-31999
  addresses: [192.0.2.0/24, "2001:db8::1/128"]
)",
                                     "b.yaml");
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(parsed->cgroup, "/c");
    EXPECT_EQ(parsed->cgroups_include, std::vector<std::string>{"/c/a"});
    EXPECT_EQ(parsed->cgroups_shortcut, std::vector<std::string>{"/c/e"});
    EXPECT_EQ(parsed->cgroups_exclude, (std::vector<std::string>{"/c/a/b", "/c/d"}));
    EXPECT_TRUE(parsed->cgroup_node_only);
    EXPECT_EQ(parsed->flows.entries, 65536u);
    EXPECT_EQ(parsed->flows.endpoint_quota, 1000u);
    const auto& timeouts = parsed->flows.timeouts;
    EXPECT_EQ(timeouts.tcp_syn, 1u);
    EXPECT_EQ(timeouts.tcp, 100u);
    EXPECT_EQ(timeouts.tcp_closing, 2u);
    EXPECT_EQ(timeouts.udp, 4u);
    EXPECT_EQ(timeouts.udp_replied, 20u);
    EXPECT_EQ(timeouts.icmp, 3u);
    EXPECT_EQ(timeouts.close_linger, 5u);
    EXPECT_FALSE(parsed->masquerade.v4);
    EXPECT_FALSE(parsed->masquerade.v6);
    EXPECT_EQ(parsed->masquerade.first, 5000);
    EXPECT_EQ(parsed->masquerade.last, 5999);
    const auto node = node_config(*parsed);
    ASSERT_EQ(node.unmasked.size(), 2u);
    EXPECT_EQ(to_string(node.unmasked[0]), "10.0.0.0/8");
    EXPECT_EQ(to_string(node.unmasked[1]), "fd00::/8");
    EXPECT_EQ(node.node_ports_first.value, 31000);
    EXPECT_EQ(node.node_ports_last.value, 31999);
    ASSERT_EQ(node.node_port_addresses.size(), 2u);
    EXPECT_EQ(to_string(node.node_port_addresses[0]), "192.0.2.0/24");
    EXPECT_EQ(to_string(node.node_port_addresses[1]), "2001:db8::1/128");
}

TEST(Config, AMapMayBeWrittenInPart) {
    const auto parsed = parse_config("flows: {timeouts: {udp: 7}}\nmasquerade: {ipv6: false}\n", "b.yaml");
    ASSERT_TRUE(parsed) << parsed.error().what;
    EXPECT_EQ(parsed->flows.timeouts.udp, 7u);
    EXPECT_EQ(parsed->flows.timeouts.tcp, kernel::Timeouts{}.tcp);
    EXPECT_EQ(parsed->flows.entries, Flows{}.entries);
    EXPECT_TRUE(parsed->masquerade.v4);
    EXPECT_EQ(parsed->masquerade.first, kernel::Masquerade{}.first);
    EXPECT_EQ(node_config(*parsed).node_ports_first, model::NodeConfig{}.node_ports_first);
    EXPECT_EQ(node_config(*parsed).node_ports_last, model::NodeConfig{}.node_ports_last);
    EXPECT_TRUE(node_config(*parsed).node_port_addresses.empty());
    EXPECT_TRUE(parse_config("flows:\nmasquerade:\nnode_ports:\n", "b.yaml")) << "null is as if it were not written";
}

TEST(Config, XdpIsOneModeOrOneForEachDevice) {
    using kernel::Xdp;
    EXPECT_TRUE(parse_config("", "b.yaml")->xdp.empty());
    EXPECT_EQ(parse_config("xdp: native\n", "b.yaml")->xdp, (std::vector<kernel::XdpChoice>{{"*", Xdp::native}}));
    EXPECT_EQ(parse_config("xdp: {eth0: native, \"ens*\": generic, \"*\": none}\n", "b.yaml")->xdp,
              (std::vector<kernel::XdpChoice>{{"eth0", Xdp::native}, {"ens*", Xdp::generic}, {"*", Xdp::off}}));
    const auto wrong = parse_config("xdp: {eth0: offload}\n", "b.yaml");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().what, "b.yaml:1: xdp.eth0: 'offload' is not one of none, native, generic");
    EXPECT_FALSE(parse_config("xdp: [native]\n", "b.yaml"));
}

TEST(Config, AMistakeIsToldWithFileAndLine) {
    struct Row {
        const char* sentence;
        const char* text;
        const char* what;
    };
    const Row rows[] = {
        {"unknown key", "mtu: 1500\nmanifest: /m\n", "b.yaml:2: manifest: is not a key of the configuration"},
        {"wrong type", "\nmtu: big\n", "b.yaml:2: mtu: 'big' "},
        {"a string where a number belongs", "mtu: \"1500\"\n", "b.yaml:1: mtu: '1500' "},
        {"out of range", "mtu: 100\n", "b.yaml:1: mtu: '100' is outside 1280-65535"},
        {"negative", "journal: -1\n", "b.yaml:1: journal: '-1' is outside 1-1000000"},
        {"negative, inside maps", "flows:\n  timeouts:\n    tcp: -1\n",
         "b.yaml:3: flows.timeouts.tcp: '-1' is outside 1-1000000"},
        {"no power of two", "flows:\n  entries: 100000\n", "b.yaml:2: flows.entries: '100000' is not a power of two"},
        {"unknown algorithm", "services:\n  algorithm: rr\n",
         "b.yaml:2: services.algorithm: 'rr' is not one of random, maglev, round-robin, least-connections"},
        {"unknown mode", "services:\n  forwarding: ipip\n",
         "b.yaml:2: services.forwarding: 'ipip' is not one of snat, dsr"},
        {"no port", "services: {tunnel_port: 0}\n", "b.yaml:1: services.tunnel_port: '0' is outside 1-65535"},
        {"unknown key in a map", "flows:\n  entires: 4096\n", "b.yaml:2: flows.entires: is not a key of"},
        {"unknown key in a map in a map", "flows:\n  timeouts: {sctp: 1}\n",
         "b.yaml:2: flows.timeouts.sctp: is not a key of"},
        {"a number where a map belongs", "flows: 131072\n", "b.yaml:1: flows: "},
        {"more than there are", "flows:\n  endpoint_quota: 5000\n  entries: 4096\n  limit: 4096\n",
         "b.yaml:2: flows.endpoint_quota: '5000' is more than the 4096 entries there may be"},
        {"more than there can ever be", "flows:\n  endpoint_quota: 33000\n  entries: 4096\n",
         "b.yaml:2: flows.endpoint_quota: '33000' is more than the 32768 entries there may be"},
        {"no prefix", "masquerade:\n  exclude:\n  - 10.0.0.1/8\n", "b.yaml:3: masquerade.exclude[0]: '10.0.0.1/8' "},
        {"no range", "masquerade:\n  ports: \"1024\"\n", "b.yaml:2: masquerade.ports: '1024' is not a range of ports"},
        {"port zero", "masquerade: {ports: 0-29999}\n", "b.yaml:1: masquerade.ports: '0-29999' is not a range of"},
        {"no such port", "masquerade: {ports: 1-65536}\n", "b.yaml:1: masquerade.ports: '1-65536' is not a range of"},
        {"words", "masquerade: {ports: low-high}\n", "b.yaml:1: masquerade.ports: 'low-high' is not a range of"},
        {"upside down", "masquerade: {ports: 29999-1024}\n", "b.yaml:1: masquerade.ports: '29999-1024' ends before"},
        {"no range of node ports", "node_ports: {range: 30000}\n",
         "b.yaml:1: node_ports.range: '30000' is a number, not a string"},
        {"words for node ports", "node_ports: {range: all}\n",
         "b.yaml:1: node_ports.range: 'all' is not a range of ports (30000-32767)"},
        {"node ports upside down", "node_ports: {range: 2-1}\n",
         "b.yaml:1: node_ports.range: '2-1' ends before it begins"},
        {"an address where a CIDR belongs", "node_ports:\n  addresses:\n  - 10.0.0.1\n",
         "b.yaml:3: node_ports.addresses[0]: '10.0.0.1' is not a prefix"},
        {"no port", "health: here\n", "b.yaml:1: health: 'here' is no PORT, ADDRESS:PORT, [ADDRESS]:PORT, or none"},
        {"IPv6 without brackets", "health: \"::1:80\"\n", "b.yaml:1: health: '::1:80' is no PORT"},
        {"port 0 for health", "health: 0\n", "b.yaml:1: health: '0' is outside 1-65535"},
        {"cgroups without a root", "cgroup: {exclude: [/a]}\n", "b.yaml:1: cgroup: has no root"},
        {"a cgroup by a relative path", "cgroup: {root: /c, include: [a]}\n",
         "b.yaml:1: cgroup.include[0]: 'a' is not an absolute path"},
        {"unknown key of node ports", "node_ports: {ports: 1-2}\n", "b.yaml:1: node_ports.ports: is not a key of"},
        {"no boolean", "masquerade: {ipv4: 1}\n", "b.yaml:1: masquerade.ipv4: '1' "},
        {"no way to route", "routing: bgp\n", "b.yaml:1: routing: 'bgp' is not one of direct, host"},
        {"two bits", "mark: 0x3000\n", "b.yaml:1: mark: '0x3000' is not a power of two"},
        {"no bit", "mark: 0\n", "b.yaml:1: mark: '0' is not a power of two"},
        {"a bit beyond the mark", "mark: 0x100000000\n", "b.yaml:1: mark: '0x100000000' is outside 1-2147483648"},
        {"a key of before", "flow_entries: 4096\n", "b.yaml:1: flow_entries: is not a key of the configuration"},
        {"none of the choices", "delivery: pigeon\n", "b.yaml:1: delivery: 'pigeon' is not one of peer, veth"},
        {"a relative path", "manifests: m\n", "b.yaml:1: manifests: 'm' is not an absolute path"},
        {"a list where a word belongs", "node: [a]\n", "b.yaml:1: node: "},
        {"a word where a list belongs", "pod_cidrs: 10.1.0.0/24\n", "b.yaml:1: pod_cidrs: "},
        {"a bad item", "pod_cidrs:\n- 10.1.0.0/24\n- 10.1.0.300/24\n", "b.yaml:3: pod_cidrs[1]: '10.1.0.300/24' "},
        {"no map at all", "- a\n", "b.yaml:1: "},
        {"a key twice", "mtu: 1500\nmtu: 1500\n", "b.yaml:2: "},
        {"broken YAML", "mtu: [\n", "b.yaml:"},
        {"two documents", "mtu: 1500\n---\nmtu: 1400\n", "b.yaml:3: a second document"},
    };
    for (const Row& row : rows) {
        const auto parsed = parse_config(row.text, "b.yaml");
        ASSERT_FALSE(parsed) << row.sentence;
        EXPECT_TRUE(parsed.error().what.starts_with(row.what)) << row.sentence << ": " << parsed.error().what;
    }
}

TEST(Config, AllMistakesAreToldAtOnce) {
    const auto parsed = parse_config("mtu: 1\ndelivery: x\nfoo: 1\n", "b.yaml");
    ASSERT_FALSE(parsed);
    EXPECT_EQ(std::ranges::count(parsed.error().what, '\n'), 2);
}

TEST(Config, RangesMustFitTogether) {
    struct Row {
        const char* sentence;
        std::vector<const char*> pods, services;
        const char* what;
    };
    const Row rows[] = {
        {"two IPv4 ranges", {"10.1.0.0/24", "10.2.0.0/24"}, {}, "pod_cidrs: more than one IPv4 range"},
        {"two IPv6 ranges", {}, {"fd01::/112", "fd02::/112"}, "service_cidrs: more than one IPv6 range"},
        {"services inside pods",
         {"10.0.0.0/8"},
         {"10.96.0.0/16"},
         "pod_cidrs: 10.0.0.0/8 overlaps service_cidrs: 10.96.0.0/16"},
        {"pods inside services",
         {"10.96.1.0/24"},
         {"10.96.0.0/16"},
         "pod_cidrs: 10.96.1.0/24 overlaps service_cidrs: 10.96.0.0/16"},
        {"no room", {"10.1.0.0/31"}, {}, "pod_cidrs: 10.1.0.0/31 has no room for containers"},
    };
    for (const Row& row : rows) {
        Config config;
        for (const char* cidr : row.pods)
            ASSERT_TRUE(add_cidr(config.pod_cidrs, cidr));
        for (const char* cidr : row.services)
            ASSERT_TRUE(add_cidr(config.service_cidrs, cidr));
        const auto resolved = resolve(config);
        ASSERT_FALSE(resolved) << row.sentence;
        EXPECT_EQ(resolved.error().what, row.what) << row.sentence;
    }
}

TEST(Config, RangesOfPortsMustBeApart) {
    struct Row {
        const char* sentence;
        const char* text;
        const char* what;  // empty: fine
    };
    const Row rows[] = {
        {"side by side", "masquerade: {ports: 1024-29999}\nnode_ports: {range: 30000-30000}\n", ""},
        {"node ports below", "masquerade: {ports: 2000-3000}\nnode_ports: {range: 1-1999}\n", ""},
        {"one in common", "masquerade: {ports: 1024-30000}\n",
         "node_ports.range: 30000-32767 overlaps masquerade.ports: 1024-30000"},
        {"one inside the other", "node_ports: {range: 2000-3000}\n",
         "node_ports.range: 2000-3000 overlaps masquerade.ports: 1024-29999"},
        {"at the other end", "masquerade: {ports: 32767-40000}\n",
         "node_ports.range: 30000-32767 overlaps masquerade.ports: 32767-40000"},
        {"a tunnel by a node port", "services: {tunnel_port: 30000}\n",
         "services.tunnel_port: 30000 lies in node_ports.range: 30000-32767"},
        {"no port left", "masquerade: {ports: 6080-6080}\n",
         "services.tunnel_port: 6080 is all there is of masquerade.ports"},
    };
    for (const Row& row : rows) {
        const auto parsed = parse_config(row.text, "b.yaml");
        ASSERT_TRUE(parsed) << row.sentence;
        const auto resolved = resolve(*parsed);
        EXPECT_EQ(resolved ? "" : resolved.error().what, row.what) << row.sentence;
    }
}

TEST(Config, AFileThatIsNotThereIsAnError) {
    const auto config = load_config("/nonexistent/beeline.yaml");
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().code, Errc::not_found);
}

}  // namespace
}  // namespace beeline::agent
