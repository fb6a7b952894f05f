#include "kernel/doctor.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "ebpf/features.h"
#include "ebpf/pin.h"
#include "kernel/config.h"
#include "kernel/grace.h"
#include "kernel/kernel.h"
#include "kernel/netns.h"
#include "kernel/socket_way.h"

namespace beeline::kernel {
namespace {

// What happens where the kernel lacks a feature. Null: Beeline cannot run.
const char* fallback(ebpf::Feature feature) {
    switch (feature) {
        case ebpf::Feature::jit:
            return "programs are interpreted, several times slower";
        case ebpf::Feature::bpffs:
            return "mounted at start";
        case ebpf::Feature::cgroup2:
            return "no socket hooks: services are translated per packet";
        case ebpf::Feature::tcx:
            return "clsact filters instead";
        case ebpf::Feature::redirect_peer:
            return "delivery by the veth, one queue more";
        case ebpf::Feature::redirect_neigh:
            return nullptr;
        case ebpf::Feature::cast_to_kern_ctx:
            return "checksums by helper calls, slower";
        case ebpf::Feature::csum_ipv6:
            return "matters only without cast_to_kern_ctx: IPv6 services behind devices with receive checksums";
        case ebpf::Feature::batch_ops:
            return "tables are walked key by key, slower";
        case ebpf::Feature::cgroup_sock_addr:
            return "no socket hooks: services are translated per packet";
        case ebpf::Feature::sock_destroy:
            return "sock_diag instead: see sock_diag_destroy";
        case ebpf::Feature::btf_vmlinux:
        case ebpf::Feature::ring_buffer:
        case ebpf::Feature::queue_map:
        case ebpf::Feature::mmapable_array:
            return nullptr;
    }
    return nullptr;
}

plan::Check feature_check(ebpf::Feature feature) {
    const ebpf::Probe probe = ebpf::probe(feature);
    const char* otherwise = fallback(feature);
    plan::Check check{probe.name, probe.present, otherwise == nullptr, probe.detail};
    if (check.detail.empty()) check.detail = ebpf::feature_text(feature);
    if (!probe.present && otherwise != nullptr) check.detail += fmt::format(" ({})", otherwise);
    return check;
}

plan::Check privileges() {
    const bool root = ::geteuid() == 0;
    return {"privileges", root, true, root ? "root" : "Beeline needs root"};
}

plan::Check rp_filter() {
    auto all = read_sysctl("net/ipv4/conf/all/rp_filter");
    if (!all) return {"rp_filter", true, false, "IPv4 has no such setting here"};
    const bool strict = *all == "1";
    return {"rp_filter", !strict, false,
            strict ? "strict for all devices (1): containers reach the host through beeline_host, a little slower"
                   : fmt::format("net.ipv4.conf.all.rp_filter = {}", *all)};
}

// Routed past the host's stack a packet does not need it.
plan::Check forwarding(const Options& options) {
    auto v4 = read_sysctl("net/ipv4/ip_forward"), v6 = read_sysctl("net/ipv6/conf/all/forwarding");
    const bool on = v4 && *v4 == "1" && (!v6 || *v6 == "1"), host = options.routing == Routing::host;
    const char* meaning = host ? ": with `routing: host` containers reach nothing beyond this node"
                               : " (matters only with `routing: host`)";
    return {"ip_forward", on || !host, false,
            fmt::format("net.ipv4.ip_forward = {}, net.ipv6.conf.all.forwarding = {}{}", v4.value_or("absent"),
                        v6.value_or("absent"), on ? "" : meaning)};
}

// Ports that the host's own sockets choose from are no masquerade ports: the two would take each other's answers.
plan::Check masquerade_ports(const Options& options) {
    const Masquerade& ports = options.masquerade;
    auto range = read_sysctl("net/ipv4/ip_local_port_range");
    unsigned low = 0, high = 0;
    if (!range || std::sscanf(range->c_str(), "%u %u", &low, &high) != 2)
        return {"masquerade_ports", true, false, "the kernel does not say which ports its sockets choose from"};
    const bool apart = (!ports.v4 && !ports.v6) || ports.last < low || ports.first > high;
    return {"masquerade_ports", apart, false,
            fmt::format("{}-{}, net.ipv4.ip_local_port_range = {}-{}{}", ports.first, ports.last, low, high,
                        apart ? "" : ": they overlap; a connection of the host and one of a container may clash")};
}

plan::Check ipv6() {
    auto disabled = read_sysctl("net/ipv6/conf/all/disable_ipv6");
    if (!disabled) return {"ipv6", false, false, "the kernel has no IPv6: IPv4 only"};
    return {"ipv6", *disabled == "0", false, fmt::format("net.ipv6.conf.all.disable_ipv6 = {}", *disabled)};
}

plan::Check pins(const Options& options) {
    if (ebpf::on_bpffs(options.bpffs)) return {"pins", true, false, options.bpffs + " is in a bpffs"};
    return {"pins", true, false, options.bpffs + ": a bpffs is mounted there at start"};
}

plan::Check cgroup(const Options& options) {
    if (options.cgroup.empty())
        return {"cgroup", true, false, "no cgroup configured: services are translated per packet"};
    const bool there = ::access((options.cgroup + "/cgroup.procs").c_str(), F_OK) == 0;
    return {"cgroup", there, false,
            there ? options.cgroup : options.cgroup + " is no cgroup: services are translated per packet"};
}

plan::Check grace() {
    auto opened = Grace::open();
    return {"grace_period", opened.has_value(), true, opened ? opened->method() : opened.error().what};
}

plan::Check sock_diag_destroy() {
    const auto there = probe_diag();
    if (there) return {"sock_diag_destroy", true, false, "SOCK_DESTROY ends UDP sockets"};
    const char* meaning = "matters only without sock_destroy: connected UDP sockets keep a backend that is removed";
    return {"sock_diag_destroy", false, false, fmt::format("{} ({})", there.error().what, meaning)};
}

plan::Check memlock() {
    rlimit limit{};
    ::getrlimit(RLIMIT_MEMLOCK, &limit);
    const bool unlimited = limit.rlim_cur == RLIM_INFINITY;
    return {"memlock", true, false,
            unlimited ? "unlimited"
                      : fmt::format("{} bytes; maps are not counted against it since Linux 5.11",
                                    static_cast<std::uint64_t>(limit.rlim_cur))};
}

plan::Check clock_rate() {
    return {"hz", true, false, fmt::format("{} jiffies a second", measure_hz())};
}

}  // namespace

std::vector<plan::Check> doctor(const Options& options) {
    std::vector<plan::Check> checks{privileges()};
#define X(name, text) checks.push_back(feature_check(ebpf::Feature::name));
    EBPF_FEATURES(X)
#undef X
    for (const auto& check : {pins(options), cgroup(options), grace(), rp_filter(), forwarding(options),
                              masquerade_ports(options), ipv6(), sock_diag_destroy(), memlock(), clock_rate()})
        checks.push_back(check);
    return checks;
}

std::vector<plan::Check> Kernel::doctor() {
    return kernel::doctor(options_);
}

}  // namespace beeline::kernel
