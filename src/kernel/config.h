// abi::Config: what the programs are told when they are loaded.
#pragma once
#include <array>

#include "abi/config.h"
#include "base/types.h"
#include "kernel/options.h"
#include "plan/plan.h"

namespace beeline::kernel {

// What is found out about the kernel and the node before the programs are loaded.
struct Facts {
    unsigned hz = 0;  // jiffies a second
    bool redirect_peer = false, kern_ctx = false, csum_ipv6 = false, tcx = false;
    bool strict_rp_filter = false;  // net.ipv4.conf.all.rp_filter is 1
    Ifindex host, net;              // beeline_host, beeline_net; 0: not there yet
    std::uint64_t netns_cookie = 0;
    // Of the order of masquerade ports; that of the pinned configuration, since another one is another configuration.
    std::array<std::uint32_t, 2> nat_secret{};
};

// Errors: invalid when an option or the node does not make sense (two CIDRs of one family, no router).
Result<abi::Config> make_config(const Options& options, const plan::Node& node, const Facts& facts);

// Jiffies a second: the resolution of the coarse clock is one jiffy (kernel/time/posix-timers.c).
unsigned measure_hz();
// Now in the flow table's unit, jiffies64 >> 6. jiffies64 starts at 2^32 - 300 seconds (INITIAL_JIFFIES) and ticks with
// the monotonic clock.
std::uint32_t flow_time(std::uint64_t monotonic_ns, unsigned hz);
// Seconds as flow time, rounded up.
std::uint32_t flow_units(unsigned seconds, unsigned hz);
double flow_seconds(std::uint32_t units, unsigned hz);

Facts probe_facts();  // without the devices and the secret

// The secret of `pinned`, or a random one. Errors: kernel.
Result<std::array<std::uint32_t, 2>> nat_secret(const std::optional<abi::Config>& pinned);

}  // namespace beeline::kernel
