// What start() and doctor() are told. Everything has a working default.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/addr.h"

namespace beeline::kernel {

enum class Delivery { peer, veth };            // bpf_redirect_peer, or bpf_redirect to the veth
enum class Attach { automatic, tcx, clsact };  // automatic: TCX where the kernel has it

enum class Routing { direct, host };  // to other nodes and the world: past the host's routing and netfilter, or by them

// On the node's devices: in the driver, in the kernel's common path, or not at all.
enum class Xdp { off, native, generic };
struct XdpChoice {
    std::string devices;  // name or pattern ("eth*")
    Xdp mode = Xdp::off;
    bool operator==(const XdpChoice&) const = default;
};

struct Masquerade {
    bool v4 = true, v6 = true;
    std::uint16_t first = 1024, last = 29999;  // source ports; disjoint from the host's ephemeral ones
};

struct Timeouts {  // seconds without a packet
    unsigned tcp_syn = 60, tcp = 21600, tcp_closing = 30;
    unsigned udp = 30, udp_replied = 120, icmp = 30;
    unsigned close_linger = 10;  // how long a closed pair keeps its tuple
};

struct Options {
    std::string bpffs = "/sys/fs/bpf/beeline";  // pins; a bpffs is mounted here unless it lies in one
    std::string cgroup{};                       // socket hooks go here; empty: none
    // Whose sockets are translated there: those of all processes, or, without `sockets_include`, of all but those in
    // (or below) these cgroups. Of two that lie in each other the inner one counts.
    std::vector<std::string> sockets_include{}, sockets_exclude{};
    // TCP between two containers' processes in these cgroups, or below, takes the shortcut past both stacks.
    std::vector<std::string> shortcut{};
    bool sockets_of_node = false;  // only those of the node's own network namespace; containers' go by packet
    // The node's own devices: names and patterns ("eth*"); "!name" leaves one out. None named: those that are found,
    // see uplinks.h.
    std::vector<std::string> devices{};
    std::vector<XdpChoice> xdp{};  // the first that matches a device; none: off
    Delivery delivery = Delivery::peer;
    Attach attach = Attach::automatic;
    Routing routing = Routing::direct;
    Masquerade masquerade{};
    std::map<std::string, std::uint32_t> table_sizes{};  // map name -> entries; absent: abi/maps.h
    // How far a flow table grows when it is three quarters full; map name -> entries; absent: not at all.
    std::map<std::string, std::uint32_t> table_limits{};
    std::uint32_t endpoint_quota = 0;  // flows that one container may have; 0: a quarter of what the table may grow to
    Timeouts timeouts{};
    std::uint16_t tunnel_port = 6080;  // UDP: packets for backends on other nodes that answer directly; IANA's for GUE
    std::uint32_t mark = 0x1000;       // one bit: "decided here"
    // Source of a container that is its own backend; never on the wire.
    std::string loopback4 = "169.254.42.1", loopback6 = "fd00:6265:656c:696e::1";
};

}  // namespace beeline::kernel
