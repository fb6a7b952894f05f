#include "tests/packet/devices.h"

#include <net/if.h>
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace beeline::packet {

namespace {
bool run(const std::string& command) {
    if (std::system(command.c_str()) == 0) return true;
    std::cerr << "failed: " << command << "\n";
    return false;
}
bool add_pair(const std::string& one, const std::string& two) {
    return run("/bin/ip link add " + one + " type veth peer name " + two);
}

std::string text_of(const Mac& m) {
    char text[18];
    std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5]);
    return text;
}
bool add_neighbour(const Node& n) {
    const std::string end = " lladdr " + text_of(n.mac) + " dev uplink nud permanent";
    return run("/bin/ip neigh add " + std::string(n.v4) + end) && run("/bin/ip neigh add " + std::string(n.v6) + end);
}

// The node's own device, with addresses and routes: bpf_fib_lookup() asks for them. Forwarding is on where packets are
// said to come from, as the agent has it.
bool add_uplink() {
    const std::string v4(node.v4), v6(node.v6), via4(gateway.v4), via6(gateway.v6);
    return add_pair("uplink", "wire") &&
           run("/bin/ip link set uplink up; /bin/ip link set wire up; /bin/ip link set beeline_host up") &&
           run("/bin/ip addr add " + v4 + "/24 dev uplink; /bin/ip -6 addr add " + v6 + "/64 dev uplink nodad") &&
           run("/bin/ip route add 198.18.0.0/15 via " + via4 + " dev uplink") &&
           run("/bin/ip -6 route add 2001:db8:18::/48 via " + via6 + " dev uplink") && add_neighbour(gateway) &&
           add_neighbour(near) && run("echo 1 > /proc/sys/net/ipv4/conf/beeline_host/forwarding") &&
           run("echo 1 > /proc/sys/net/ipv6/conf/beeline_host/forwarding");
}

std::string veth_of(const Node& container) {
    return "bl_" + std::string(container.name);
}

unsigned index_of(const std::string& device) {
    return ::if_nametoindex(device.c_str());
}
}  // namespace

bool enter_namespace() {
    if (::unshare(CLONE_NEWNET) != 0) {
        std::cerr << "a network namespace of its own: " << std::strerror(errno) << "\n";
        return false;
    }
    if (!add_pair("beeline_host", "beeline_net")) return false;
    for (const Node* c : containers)
        if (!add_pair(veth_of(*c), "pod_" + std::string(c->name))) return false;
    if (!add_uplink()) return false;
    // The counters, budgets and scratch rows of the datapath are per CPU: stay on one.
    cpu_set_t cpus;
    CPU_ZERO(&cpus);
    CPU_SET(::sched_getcpu(), &cpus);
    return ::sched_setaffinity(0, sizeof cpus, &cpus) == 0;
}

unsigned host_device() {
    return index_of("beeline_host");
}
unsigned net_device() {
    return index_of("beeline_net");
}
unsigned uplink_device() {
    return index_of("uplink");
}
unsigned device_of(const Node& container) {
    return index_of(veth_of(container));
}

}  // namespace beeline::packet
