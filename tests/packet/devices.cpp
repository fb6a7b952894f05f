#include "tests/packet/devices.h"

#include <net/if.h>
#include <sched.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

namespace beeline::packet {

namespace {
bool add_pair(const std::string& one, const std::string& two) {
    const std::string command = "ip link add " + one + " type veth peer name " + two;
    if (std::system(command.c_str()) == 0) return true;
    std::cerr << "failed: " << command << "\n";
    return false;
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
unsigned device_of(const Node& container) {
    return index_of(veth_of(container));
}

}  // namespace beeline::packet
