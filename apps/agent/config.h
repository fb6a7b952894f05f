// The configuration of beelined: a YAML file of at most 24 keys, some of them maps, all with a default that works.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/server.h"
#include "base/addr.h"
#include "kernel/options.h"
#include "model/snapshot.h"

namespace beeline::agent {

using kernel::Attach;
using kernel::Delivery;
enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };

struct Flows {
    std::uint32_t entries = 131072;
    std::uint32_t limit = 0;           // 0: eight times the entries
    std::uint32_t endpoint_quota = 0;  // 0: what fills a quarter of the limit
    kernel::Timeouts timeouts;
};
// Entries that the IPv4 flow table may grow to.
std::uint32_t flow_limit(const Flows& flows);

struct NodePorts {
    std::uint16_t first = 30000, last = 32767;  // that are allocated; disjoint from masquerade.ports
    std::vector<Prefix> addresses;              // of the node, that answer on node ports; empty: all
};

struct Config {
    std::string node;  // empty until resolve(): the host name
    std::string manifests = "/etc/beeline/manifests";
    std::vector<Prefix> pod_cidrs, service_cidrs;  // empty until resolve(): the defaults
    std::vector<std::string> devices;
    std::string bpffs = "/sys/fs/bpf/beeline";
    std::string run_dir = "/var/run/beeline";
    std::string socket;  // empty until resolve(): beeline.sock in run_dir
    std::string cgroup;  // empty: no socket hooks
    std::vector<std::string> cgroups_include, cgroups_exclude;
    std::vector<std::string> cgroups_shortcut;
    bool cgroup_node_only = false;
    std::optional<api::TcpPlace> health = api::TcpPlace{.port = {10256}};  // of /healthz and /livez; none: not served
    unsigned mtu = 1500;
    std::vector<kernel::XdpChoice> xdp;
    Delivery delivery = Delivery::peer;
    Attach attach = Attach::automatic;
    LogLevel log_level = LogLevel::info;
    Flows flows;
    kernel::Masquerade masquerade;
    std::vector<Prefix> unmasked;  // masquerade.exclude
    NodePorts node_ports;
    model::Algorithm algorithm = model::Algorithm::random;   // services.algorithm
    model::Forwarding forwarding = model::Forwarding::snat;  // services.forwarding
    std::uint16_t tunnel_port = 6080;                        // services.tunnel_port, the same on every node
    bool probes = false;                                     // services.probes: the agent asks what readinessProbes say
    kernel::Routing routing = kernel::Routing::direct;
    std::uint32_t mark = 0x1000;
    std::uint32_t event_buffer = 1U << 20;
    std::uint32_t journal = 4096;
    std::chrono::seconds resync{60};
};

// One key, for --help and the documentation.
struct KeyHelp {
    const char* name;
    const char* value;  // its default
    const char* meaning;
};
std::vector<KeyHelp> config_keys();

// `file` is the name errors carry. Errors: invalid, one line a problem: "beeline.yaml:3: mtu: 'big' is not a number".
Result<Config> parse_config(std::string_view text, const std::string& file);
Result<Config> load_config(const std::string& path);
Result<LogLevel> parse_log_level(const std::string& text);
// Adds a CIDR given as text to a list. Errors: invalid.
Result<> add_cidr(std::vector<Prefix>& list, const std::string& text);

// Fills in what depends on the machine and on other keys, and checks what no key can be asked alone.
// Errors: invalid.
Result<Config> resolve(Config config);

// What the store and the datapath need to know of the node.
model::NodeConfig node_config(const Config& config);

}  // namespace beeline::agent
