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

namespace beeline::kernel {

struct Kernel::Running {
    Running(Netlink socket, Pins paths, plan::Node wanted)
        : netlink(std::move(socket)), pins(std::move(paths)), node(std::move(wanted)) {}
    // Each step needs the ones before it.
    Result<> prepare(const Options& options);
    Result<> connect(Grace grace, bool tcx);
    Result<> attach_all();

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
    std::optional<Applier> applier{};
};

}  // namespace beeline::kernel
