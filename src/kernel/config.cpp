#include "kernel/config.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "ebpf/features.h"
#include "kernel/family.h"
#include "kernel/netns.h"

namespace beeline::kernel {
namespace {

template <class WireAddr>
void set_net(const Prefix& prefix, WireAddr& net, WireAddr& mask) {
    net = wire_addr<WireAddr>(prefix.addr);
    Addr bits{.family = prefix.addr.family};
    for (unsigned bit = 0; bit < prefix.length; bit++)
        bits.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80 >> bit % 8);
    mask = wire_addr<WireAddr>(bits);
}

// The one prefix of this family; absent: none.
Result<std::optional<Prefix>> only(const std::vector<Prefix>& prefixes, Family family, const char* what) {
    std::optional<Prefix> found;
    for (const Prefix& prefix : prefixes) {
        if (prefix.addr.family != family) continue;
        if (found)
            return fail(Errc::invalid, std::string(what) + ": one prefix a family, not two: " + to_string(*found) +
                                           ", " + to_string(prefix));
        found = prefix;
    }
    return found;
}

Result<> set_nets(const plan::Node& node, abi::Config& config) {
    if (auto p = TRY(only(node.pod_cidrs, Family::v4, "pod CIDR"))) set_net(*p, config.pod_net4, config.pod_mask4);
    if (auto p = TRY(only(node.pod_cidrs, Family::v6, "pod CIDR"))) set_net(*p, config.pod_net6, config.pod_mask6);
    if (auto p = TRY(only(node.service_cidrs, Family::v4, "service CIDR")))
        set_net(*p, config.service_net4, config.service_mask4);
    if (auto p = TRY(only(node.service_cidrs, Family::v6, "service CIDR")))
        set_net(*p, config.service_net6, config.service_mask6);
    return {};
}

Result<> set_addresses(const Options& options, const plan::Node& node, abi::Config& config) {
    for (const Addr& router : node.routers) {
        if (router.v4())
            config.router4 = wire_addr<abi::Addr4>(router);
        else
            config.router6 = wire_addr<abi::Addr6>(router);
    }
    const Addr loopback4 = TRY(parse_addr(options.loopback4)), loopback6 = TRY(parse_addr(options.loopback6));
    if (!loopback4.v4() || loopback6.v4())
        return fail(Errc::invalid, "service loopback addresses: one IPv4 and one IPv6 are needed");
    config.loopback4 = wire_addr<abi::Addr4>(loopback4);
    config.loopback6 = wire_addr<abi::Addr6>(loopback6);
    return {};
}

void set_timeouts(const Timeouts& timeouts, unsigned hz, abi::Config& config) {
    config.timeout_tcp_syn = flow_units(timeouts.tcp_syn, hz);
    config.timeout_tcp = flow_units(timeouts.tcp, hz);
    config.timeout_tcp_closing = flow_units(timeouts.tcp_closing, hz);
    config.timeout_udp = flow_units(timeouts.udp, hz);
    config.timeout_udp_replied = flow_units(timeouts.udp_replied, hz);
    config.timeout_icmp = flow_units(timeouts.icmp, hz);
    config.close_linger = flow_units(timeouts.close_linger, hz);
    config.hurry_linger = std::min(config.close_linger, flow_units(1, hz));
}

// After a choice of port that failed the search is spared for a tenth of a second.
constexpr unsigned nat_pauses_a_second = 10;

Result<> set_remote(const Options& options, const Facts& facts, abi::Config& config) {
    const Masquerade& masquerade = options.masquerade;
    if (masquerade.first == 0 || masquerade.first > masquerade.last)
        return fail(Errc::invalid, "masquerade: ports " + std::to_string(masquerade.first) + "-" +
                                       std::to_string(masquerade.last) + " are no range");
    config.remote = 1;  // a device may come at any time
    config.host_routing = options.routing == Routing::host;
    config.masquerade4 = masquerade.v4;
    config.masquerade6 = masquerade.v6;
    config.nat_first = masquerade.first;
    config.nat_last = masquerade.last;
    config.nat_pause = static_cast<abi::u16>(std::max(facts.hz / nat_pauses_a_second, 1u));
    std::ranges::copy(facts.nat_secret, config.nat_secret);
    return {};
}

abi::SocketsBy sockets_by(const Options& options) {
    if (!options.sockets_include.empty()) return abi::sockets_only;
    return options.sockets_exclude.empty() ? abi::sockets_all : abi::sockets_unless;
}

}  // namespace

Result<abi::Config> make_config(const Options& options, const plan::Node& node, const Facts& facts) {
    abi::Config config{};
    if (options.mark == 0 || (options.mark & (options.mark - 1)) != 0)
        return fail(Errc::invalid, "mark: exactly one bit is needed");
    CHECK(set_addresses(options, node, config));
    CHECK(set_nets(node, config));
    CHECK(set_remote(options, facts, config));
    set_timeouts(options.timeouts, facts.hz, config);
    config.ready = 1;
    config.netns_cookie = facts.netns_cookie;
    config.host_ifindex = facts.host.value;
    config.net_ifindex = facts.net.value;
    config.mark = options.mark;
    config.tunnel_port = options.tunnel_port;
    config.deliver_peer = options.delivery == Delivery::peer && facts.redirect_peer;
    config.kern_ctx = facts.kern_ctx;
    config.csum_ipv6 = facts.csum_ipv6;
    config.host_redirect = facts.strict_rp_filter;
    config.sockets_node = options.sockets_of_node;
    config.sockets_by_cgroup = sockets_by(options);
    return config;
}

unsigned measure_hz() {
    timespec tick{};
    ::clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
    const long ns = tick.tv_nsec > 0 ? tick.tv_nsec : 4'000'000;
    return static_cast<unsigned>((1'000'000'000 + ns / 2) / ns);
}

std::uint32_t flow_time(std::uint64_t monotonic_ns, unsigned hz) {
    const std::uint64_t start = (std::uint64_t{1} << 32) - 300ull * hz;
    const std::uint64_t ticks = monotonic_ns / 1'000'000'000 * hz + monotonic_ns % 1'000'000'000 * hz / 1'000'000'000;
    return static_cast<std::uint32_t>((start + ticks) >> 6);
}

std::uint32_t flow_units(unsigned seconds, unsigned hz) {
    return static_cast<std::uint32_t>((std::uint64_t{seconds} * hz + 63) >> 6);
}

double flow_seconds(std::uint32_t units, unsigned hz) {
    return static_cast<double>(units) * 64 / hz;
}

Result<std::array<std::uint32_t, 2>> nat_secret(const std::optional<abi::Config>& pinned) {
    std::array<std::uint32_t, 2> secret{};
    if (pinned) std::ranges::copy(pinned->nat_secret, secret.begin());
    if (secret != std::array<std::uint32_t, 2>{}) return secret;
    if (::getrandom(secret.data(), sizeof secret, 0) != sizeof secret)
        return fail(Errc::kernel, "getrandom: no random numbers", errno);
    return secret;
}

Facts probe_facts() {
    Facts facts;
    facts.hz = measure_hz();
    facts.redirect_peer = ebpf::probe(ebpf::Feature::redirect_peer).present;
    facts.kern_ctx = ebpf::probe(ebpf::Feature::cast_to_kern_ctx).present;
    facts.csum_ipv6 = ebpf::probe(ebpf::Feature::csum_ipv6).present;
    facts.tcx = ebpf::probe(ebpf::Feature::tcx).present;
    facts.netns_cookie = netns_cookie();
    if (auto all = read_sysctl("net/ipv4/conf/all/rp_filter")) facts.strict_rp_filter = *all == "1";
    return facts;
}

}  // namespace beeline::kernel
