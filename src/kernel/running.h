// What a started Kernel consists of; in the order it is made. For kernel.cpp and inspect_*.cpp.
#pragma once
#include "kernel/applier.h"
#include "kernel/attach.h"
#include "kernel/config.h"
#include "kernel/datapath.h"
#include "kernel/epochs.h"
#include "kernel/flow_table.h"
#include "kernel/host_pair.h"
#include "kernel/kernel.h"
#include "kernel/kernel_devices.h"
#include "kernel/kernel_socket_ender.h"
#include "kernel/uplinks.h"

namespace beeline::kernel {

struct Kernel::Running {
    Running(Netlink socket, Pins paths, plan::Node wanted)
        : netlink(std::move(socket)), pins(std::move(paths)), node(std::move(wanted)) {}
    // Each step needs the ones before it.
    Result<> prepare(const Options& options);
    Result<> connect(const Options& options, Grace grace);
    Result<> attach_all();
    Result<> share_loads();
    void choose_sockets(const Options& options);
    // kernel_network.cpp: the node's devices and routes, as the next apply() of the applier uses them. `again`: the
    // programs are put in place also where they should be already.
    Result<> take_network(const Options& options, Network now, bool again);
    Result<> read_network(const Options& options, bool again);
    Result<> attach_uplink(const Options& options, const LinkInfo& link, const Network& now, bool again);
    Result<> attach_xdp(const Options& options, const LinkInfo& link, const Network& now) const;
    Result<> release_leftovers();
    // After that apply(): programs off devices that are no uplinks any more.
    void release_uplinks();

    Netlink netlink;
    Pins pins;
    plan::Node node;
    HostPair pair{};
    Facts facts{};
    abi::Config config{};
    std::optional<Datapath> datapath{};
    std::optional<Attacher> attacher{};
    std::optional<KernelDevices> devices{};
    std::optional<Epochs> epochs{};
    std::unique_ptr<FlowTable> flow_table{};
    std::optional<KernelSocketEnder> sockets{};
    std::optional<Applier> applier{};
    std::optional<Network> network{};               // as of the last take_network()
    std::map<Ifindex, std::string> uplinks{};       // in use
    std::map<Ifindex, std::string> attached{};      // those, and those to be released
    std::map<Ifindex, std::string> xdp_problems{};  // why a device has no XDP program although it should
    std::vector<std::string> network_errors{}, cgroup_errors{};
};

}  // namespace beeline::kernel
