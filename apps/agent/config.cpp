#include "apps/agent/config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "apps/agent/config_field.h"
#include "base/file.h"
#include "source/file/algorithms.h"

namespace beeline::agent {
namespace {

using source::file::Choice;

constexpr Choice<Delivery> deliveries[] = {{"peer", Delivery::peer}, {"veth", Delivery::veth}};
constexpr Choice<Attach> attaches[] = {{"auto", Attach::automatic}, {"tcx", Attach::tcx}, {"clsact", Attach::clsact}};
constexpr Choice<kernel::Routing> routings[] = {{"direct", kernel::Routing::direct}, {"host", kernel::Routing::host}};
constexpr Choice<LogLevel> levels[] = {{"trace", LogLevel::trace},
                                       {"debug", LogLevel::debug},
                                       {"info", LogLevel::info},
                                       {"warn", LogLevel::warn},
                                       {"error", LogLevel::error}};

// One mode for all devices, or a mode for each name or pattern; the first that matches holds.
void put_xdp(std::vector<kernel::XdpChoice>& target, const Field& field) {
    constexpr Choice<kernel::Xdp> modes[] = {
        {"none", kernel::Xdp::off}, {"native", kernel::Xdp::native}, {"generic", kernel::Xdp::generic}};
    if (field.is_string()) {
        if (const auto mode = field.choice(modes)) target = {{"*", *mode}};
        return;
    }
    for (const Field& entry : field.entries())
        if (const auto mode = entry.choice(modes)) target.push_back({entry.key(), *mode});
}

constexpr Range seconds_range{1, 1'000'000};
constexpr Range entries_range{4096, 1 << 24};

using kernel::Timeouts;
constexpr Part<Timeouts> timeout_parts[] = {
    {"tcp_syn", [](const Field& f, Timeouts& t) { put_number(t.tcp_syn, f, seconds_range); }},
    {"tcp", [](const Field& f, Timeouts& t) { put_number(t.tcp, f, seconds_range); }},
    {"tcp_closing", [](const Field& f, Timeouts& t) { put_number(t.tcp_closing, f, seconds_range); }},
    {"udp", [](const Field& f, Timeouts& t) { put_number(t.udp, f, seconds_range); }},
    {"udp_replied", [](const Field& f, Timeouts& t) { put_number(t.udp_replied, f, seconds_range); }},
    {"icmp", [](const Field& f, Timeouts& t) { put_number(t.icmp, f, seconds_range); }},
    {"close_linger", [](const Field& f, Timeouts& t) { put_number(t.close_linger, f, seconds_range); }},
};

constexpr Part<Flows> flow_parts[] = {
    {"entries", [](const Field& f, Flows& t) { put_power(t.entries, f, entries_range); }},
    {"limit", [](const Field& f, Flows& t) { put_power(t.limit, f, entries_range); }},
    {"endpoint_quota", [](const Field& f, Flows& t) { put_number(t.endpoint_quota, f, {0, entries_range.high}); }},
    {"timeouts", [](const Field& f, Flows& t) { put_map(t.timeouts, f, timeout_parts); }},
};

}  // namespace

std::uint32_t flow_limit(const Flows& flows) {
    constexpr std::uint32_t growth = 8, most = 1u << 24;
    return flows.limit != 0 ? flows.limit : std::max(flows.entries, std::min(flows.entries * growth, most));
}

namespace {

void put_flows(Flows& flows, const Field& field) {
    put_map(flows, field, flow_parts);
    if (flows.limit != 0 && flows.limit < flows.entries)
        field.at("limit").refuse(fmt::format("is less than the {} entries there are", flows.entries));
    if (flows.endpoint_quota > flow_limit(flows))
        field.at("endpoint_quota").refuse(fmt::format("is more than the {} entries there may be", flow_limit(flows)));
}

std::optional<std::uint16_t> port_of(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
    return port;
}

// A range of ports, into the members `first` and `last`.
template <class T>
void put_ports(T& target, const Field& field) {
    const auto text = field.text();
    if (!text) return;
    const auto dash = text->find('-');
    const auto first = port_of(std::string_view(*text).substr(0, dash));
    const auto last = dash == text->npos ? std::nullopt : port_of(std::string_view(*text).substr(dash + 1));
    if (!first || !last) return field.refuse(fmt::format("is not a range of ports ({}-{})", T{}.first, T{}.last));
    if (*first > *last) return field.refuse("ends before it begins");
    target.first = *first;
    target.last = *last;
}

// ADDRESS:PORT, [ADDRESS]:PORT, or a port of every address.
std::optional<api::TcpPlace> place_of(std::string_view text) {
    const auto colon = text.rfind(':');
    const auto port = port_of(colon == text.npos ? text : text.substr(colon + 1));
    if (!port) return std::nullopt;
    if (colon == text.npos) return api::TcpPlace{.port = {*port}};
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto addr = parse_addr(host);
    if (!addr || addr->v4() == bracketed) return std::nullopt;
    return api::TcpPlace{*addr, {*port}};
}

void put_health(std::optional<api::TcpPlace>& target, const Field& field) {
    const auto text = field.is_string() ? field.text() : std::nullopt;
    const auto number = field.is_string() ? std::nullopt : field.port();
    if (text == "none") return target.reset();
    const auto place = text ? place_of(*text) : std::nullopt;
    if (text && !place) return field.refuse("is no PORT, ADDRESS:PORT, [ADDRESS]:PORT, or none");
    if (place) target = place;
    if (number) target = api::TcpPlace{.port = *number};
}

void put_paths(std::vector<std::string>& target, const Field& field) {
    for (const Field& item : field.items())
        put_path(target.emplace_back(), item);
}

constexpr Part<Config> cgroup_parts[] = {
    {"root", [](const Field& f, Config& c) { put_path(c.cgroup, f, true); }},
    {"include", [](const Field& f, Config& c) { put_paths(c.cgroups_include, f); }},
    {"exclude", [](const Field& f, Config& c) { put_paths(c.cgroups_exclude, f); }},
    {"shortcut", [](const Field& f, Config& c) { put_paths(c.cgroups_shortcut, f); }},
    {"node_only", [](const Field& f, Config& c) { put(c.cgroup_node_only, f.boolean()); }},
};

void put_cgroup(Config& config, const Field& field) {
    if (field.is_string()) return put_path(config.cgroup, field, true);
    put_map(config, field, cgroup_parts);
    const bool idle = config.cgroup.empty();
    if (idle && (!config.cgroups_include.empty() || !config.cgroups_exclude.empty() || config.cgroup_node_only))
        field.refuse("has no root: no socket is translated at all");
}

constexpr Part<Config> masquerade_parts[] = {
    {"ipv4", [](const Field& f, Config& c) { put(c.masquerade.v4, f.boolean()); }},
    {"ipv6", [](const Field& f, Config& c) { put(c.masquerade.v6, f.boolean()); }},
    {"exclude", [](const Field& f, Config& c) { put_cidrs(c.unmasked, f); }},
    {"ports", [](const Field& f, Config& c) { put_ports(c.masquerade, f); }},
};

constexpr Part<NodePorts> node_port_parts[] = {
    {"range", [](const Field& f, NodePorts& t) { put_ports(t, f); }},
    {"addresses", [](const Field& f, NodePorts& t) { put_cidrs(t.addresses, f); }},
};

constexpr Part<Config> service_parts[] = {
    {"algorithm", [](const Field& f, Config& c) { put(c.algorithm, f.choice(source::file::algorithms)); }},
    {"forwarding", [](const Field& f, Config& c) { put(c.forwarding, f.choice(source::file::forwardings)); }},
    {"tunnel_port", [](const Field& f, Config& c) { put_number(c.tunnel_port, f, {1, 65535}); }},
    {"probes", [](const Field& f, Config& c) { put(c.probes, f.boolean()); }},
};

struct Key {
    KeyHelp help;
    void (*read)(const Field& field, Config& config);
};

const Key keys[] = {
    {{"node", "the host name", "name of this node, as in Node objects and Pod spec.nodeName"},
     [](const Field& f, Config& c) { put(c.node, f.text()); }},
    {{"manifests", "/etc/beeline/manifests", "directory of Kubernetes manifests (.yaml, .yml, .json), watched"},
     [](const Field& f, Config& c) { put_path(c.manifests, f); }},
    {{"pod_cidrs", "[10.244.0.0/24, fd00:10:244::/64]", "addresses of containers, at most one range a family"},
     [](const Field& f, Config& c) { put_cidrs(c.pod_cidrs, f); }},
    {{"service_cidrs", "[10.96.0.0/16, fd00:10:96::/112]", "addresses of Services, at most one range a family"},
     [](const Field& f, Config& c) { put_cidrs(c.service_cidrs, f); }},
    {{"devices", "[]",
      "devices that connect this node to others, names and patterns (eth*), !pattern leaves out; none named: those "
      "that "
      "are found"},
     [](const Field& f, Config& c) { put_texts(c.devices, f); }},
    {{"bpffs", "/sys/fs/bpf/beeline", "directory of pins; a BPF file system is mounted there unless it lies in one"},
     [](const Field& f, Config& c) { put_path(c.bpffs, f); }},
    {{"run_dir", "/var/run/beeline", "state of containers, lock, pid file, socket"},
     [](const Field& f, Config& c) { put_path(c.run_dir, f); }},
    {{"socket", "RUN_DIR/beeline.sock", "the API's Unix socket"},
     [](const Field& f, Config& c) { put_path(c.socket, f); }},
    {{"cgroup", "\"\"",
      "cgroup v2 directory whose processes reach Services at connect(), empty: none do; or {root: the directory, "
      "include: [], exclude: [], node_only: false}: of those below, only in the cgroups of include, not in those of "
      "exclude (the inner one counts), not in containers; shortcut: [], cgroups of containers whose TCP to each other "
      "passes by both stacks"},
     [](const Field& f, Config& c) { put_cgroup(c, f); }},
    {{"health", "10256",
      "port, ADDRESS:PORT or none: where /healthz and /livez tell load balancers whether the node is well; "
      "healthCheckNodePorts of Services are served in any case"},
     [](const Field& f, Config& c) { put_health(c.health, f); }},
    {{"mtu", "1500", "of the containers' interfaces, 1280-65535"},
     [](const Field& f, Config& c) { put_number(c.mtu, f, {1280, 65535}); }},
    {{"delivery", "peer",
      "peer: straight into the container's namespace; veth: by its host end, for those who attach "
      "programs or tcpdump there"},
     [](const Field& f, Config& c) { put(c.delivery, f.choice(deliveries)); }},
    {{"xdp", "none",
      "services with backends elsewhere before the kernel makes packets of frames: native, generic or none, for all "
      "devices or {eth0: native, \"ens*\": none}; where a driver cannot, tc does it"},
     [](const Field& f, Config& c) { put_xdp(c.xdp, f); }},
    {{"attach", "auto", "tcx, clsact, or auto: tcx where the kernel has it (6.6)"},
     [](const Field& f, Config& c) { put(c.attach, f.choice(attaches)); }},
    {{"log_level", "info", "trace, debug, info, warn, error; read again on SIGHUP"},
     [](const Field& f, Config& c) { put(c.log_level, f.choice(levels)); }},
    {{"flows",
      "{entries: 131072, limit: 1048576, endpoint_quota: 0, timeouts: {tcp_syn: 60, tcp: 21600, tcp_closing: 30, "
      "udp: 30, udp_replied: 120, icmp: 30, close_linger: 10}}",
      "entries: of the IPv4 flow table, a power of two, IPv6 has half of it; limit: how far it grows, by doubling, "
      "when it is three quarters full, by default to eight times entries; endpoint_quota: how many of them one "
      "container may have, 0: what fills a quarter of limit; timeouts: seconds without a packet"},
     [](const Field& f, Config& c) { put_flows(c.flows, f); }},
    {{"masquerade", "{ipv4: true, ipv6: true, exclude: [], ports: 1024-29999}",
      "containers speak to the world with the node's address and a port of this range, except to the CIDRs of exclude "
      "(read again on SIGHUP) and pod_cidrs"},
     [](const Field& f, Config& c) { put_map(c, f, masquerade_parts); }},
    {{"node_ports", "{range: 30000-32767, addresses: []}",
      "range: that node ports are allocated from, apart from masquerade.ports; addresses: CIDRs of those of the node's "
      "addresses that answer on node ports, none: all do"},
     [](const Field& f, Config& c) { put_map(c.node_ports, f, node_port_parts); }},
    {{"services", "{algorithm: random, forwarding: snat, tunnel_port: 6080, probes: false}",
      "algorithm: how new flows choose among the backends of Services that do not say: random; maglev, by a table that "
      "is the same on every node; round-robin, one after the other; least-connections, the one with the fewest; "
      "forwarding: to backends on other nodes for clients from outside, where a Service does not say: snat, with the "
      "node's address; dsr, in UDP to tunnel_port, and the backend's node answers the client itself; "
      "probes: ask what the readinessProbes of Pods say, where no kubelet does"},
     [](const Field& f, Config& c) { put_map(c, f, service_parts); }},
    {{"routing", "direct", "direct: to other nodes and the world past the host's routing and netfilter; host: by them"},
     [](const Field& f, Config& c) { put(c.routing, f.choice(routings)); }},
    {{"mark", "0x1000", "the one bit of packet marks that Beeline sets and looks at"},
     [](const Field& f, Config& c) { put_power(c.mark, f, {1, std::int64_t{1} << 31}); }},
    {{"event_buffer", "1048576", "bytes of the ring buffer of events, a power of two"},
     [](const Field& f, Config& c) { put_power(c.event_buffer, f, {4096, 1 << 28}); }},
    {{"journal", "4096", "flow records that `beeline observe` can look back on"},
     [](const Field& f, Config& c) { put_number(c.journal, f, {1, 1'000'000}); }},
    {{"resync", "60", "seconds between comparisons of the kernel's state with what is wanted"},
     [](const Field& f, Config& c) { put_number(c.resync, f, {1, 86400}); }},
};
static_assert(std::size(keys) <= 24);

void read_root(const source::file::Tree& tree, Config& config, source::file::Report& report) {
    for (const Field& field : Field(tree, "", report).map().entries()) {
        const auto key = std::ranges::find_if(keys, [&](const Key& k) { return field.key() == k.help.name; });
        if (key == std::end(keys))
            report.add(field.line(), field.key(), "", "is not a key of the configuration");
        else if (field.present())
            key->read(field, config);
    }
}

Result<> at_most_one_a_family(const char* what, const std::vector<Prefix>& list) {
    for (const Family family : {Family::v4, Family::v6})
        if (std::ranges::count_if(list, [&](const Prefix& p) { return p.addr.family == family; }) > 1)
            return fail(Errc::invalid, fmt::format("{}: more than one IPv{} range", what, static_cast<int>(family)));
    return {};
}

Result<> check_ranges(const Config& config) {
    CHECK(at_most_one_a_family("pod_cidrs", config.pod_cidrs));
    CHECK(at_most_one_a_family("service_cidrs", config.service_cidrs));
    for (const Prefix& pods : config.pod_cidrs) {
        if (pods.size() < 4)
            return fail(Errc::invalid, fmt::format("pod_cidrs: {} has no room for containers", to_string(pods)));
        for (const Prefix& services : config.service_cidrs)
            if (pods.contains(services.addr) || services.contains(pods.addr))
                return fail(Errc::invalid, fmt::format("pod_cidrs: {} overlaps service_cidrs: {}", to_string(pods),
                                                       to_string(services)));
    }
    return {};
}

// A node port that masquerade gave to a container's connection would lead its answers to the Service.
Result<> check_ports(const Config& config) {
    const NodePorts& ports = config.node_ports;
    const kernel::Masquerade& other = config.masquerade;
    if (ports.first <= config.tunnel_port && config.tunnel_port <= ports.last)
        return fail(Errc::invalid, fmt::format("services.tunnel_port: {} lies in node_ports.range: {}-{}",
                                               config.tunnel_port, ports.first, ports.last));
    if (other.first == other.last && other.first == config.tunnel_port)
        return fail(Errc::invalid,
                    fmt::format("services.tunnel_port: {} is all there is of masquerade.ports", config.tunnel_port));
    if (ports.first > other.last || ports.last < other.first) return {};
    return fail(Errc::invalid, fmt::format("node_ports.range: {}-{} overlaps masquerade.ports: {}-{}", ports.first,
                                           ports.last, other.first, other.last));
}

std::string host_name() {
    char name[256] = "";
    gethostname(name, sizeof(name) - 1);
    return name;
}

}  // namespace

std::vector<KeyHelp> config_keys() {
    std::vector<KeyHelp> help;
    for (const Key& key : keys)
        help.push_back(key.help);
    return help;
}

Result<Config> parse_config(std::string_view text, const std::string& file) {
    Config config;
    source::file::Report report(file);
    int documents = 0;
    for (const auto& chunk : source::file::split_documents(text)) {
        const auto tree = source::file::parse_tree(chunk);
        if (!tree) return fail(Errc::invalid, fmt::format("{}:{}: {}", file, tree.error().line, tree.error().reason));
        if (!*tree) continue;
        if (++documents > 1) return fail(Errc::invalid, fmt::format("{}:{}: a second document", file, (*tree)->line));
        read_root(**tree, config, report);
    }
    std::string problems;
    for (const auto& problem : report.take({}))
        problems += (problems.empty() ? "" : "\n") + to_string(problem);
    if (!problems.empty()) return fail(Errc::invalid, problems);
    return config;
}

Result<Config> load_config(const std::string& path) {
    const auto text = TRY(read_file(path, std::size_t{1} << 20));
    return parse_config(text, path);
}

Result<LogLevel> parse_log_level(const std::string& text) {
    for (const auto& [name, level] : levels)
        if (text == name) return level;
    return fail(Errc::invalid, fmt::format("log level '{}' is none of trace, debug, info, warn, error", text));
}

Result<> add_cidr(std::vector<Prefix>& list, const std::string& text) {
    list.push_back(TRY(parse_prefix(text)));
    return {};
}

Result<Config> resolve(Config config) {
    if (config.node.empty()) config.node = host_name();
    if (config.socket.empty()) config.socket = config.run_dir + "/beeline.sock";
    if (config.pod_cidrs.empty())
        for (const char* cidr : {"10.244.0.0/24", "fd00:10:244::/64"})
            CHECK(add_cidr(config.pod_cidrs, cidr));
    if (config.service_cidrs.empty())
        for (const char* cidr : {"10.96.0.0/16", "fd00:10:96::/112"})
            CHECK(add_cidr(config.service_cidrs, cidr));
    CHECK(check_ranges(config));
    CHECK(check_ports(config));
    return config;
}

model::NodeConfig node_config(const Config& config) {
    model::NodeConfig node{.name = config.node,
                           .pod_cidrs = config.pod_cidrs,
                           .service_cidrs = config.service_cidrs,
                           .unmasked = config.unmasked,
                           .routers = {},
                           .mtu = config.mtu,
                           .node_ports_first = Port{config.node_ports.first},
                           .node_ports_last = Port{config.node_ports.last},
                           .node_port_addresses = config.node_ports.addresses,
                           .algorithm = config.algorithm,
                           .forwarding = config.forwarding};
    for (const Prefix& prefix : config.pod_cidrs)
        node.routers.push_back(prefix.at(1));
    return node;
}

}  // namespace beeline::agent
