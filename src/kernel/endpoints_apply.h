// Containers: their devices, bl_endpoints4/6, and the policy sets and next hops that those rows name.
#pragma once
#include "kernel/change.h"
#include "kernel/devices.h"
#include "kernel/family.h"
#include "kernel/hop_rows.h"
#include "kernel/policy_apply.h"
#include "kernel/table.h"

namespace beeline::kernel {

// One endpoint as the kernel has it.
struct EndpointView {
    std::vector<Addr> addrs{};
    abi::Endpoint row{};  // that of any of its addresses; they differ in check and seal only
    abi::Hop hop{};
    plan::PolicySet policy{};
};

class EndpointsApply {
public:
    using Endpoints = plan::Endpoints;
    struct Maps {
        MapIo &endpoints4, &endpoints6, &policy;
    };
    EndpointsApply(const Maps& maps, HopRows& hops, Devices& devices);
    EndpointsApply(const EndpointsApply&) = delete;
    EndpointsApply& operator=(const EndpointsApply&) = delete;

    Result<> load();  // after that of the next hops
    // Endpoints in `settled` with the same content are left alone while their device is there and up. Devices are
    // made here, host end down: nobody can reach them. `lost` gets the endpoints whose namespace is gone.
    Result<> stage(const Endpoints& want, const Endpoints& settled, std::vector<Change>& changes);
    const std::set<EndpointId>& lost() const { return lost_; }
    std::set<EndpointId> placed() const;  // endpoints that have rows
    std::map<EndpointId, EndpointView> view() const;

private:
    struct Current {
        std::vector<Addr> addrs{};
        abi::Endpoint row{};
    };
    using Currents = std::map<EndpointId, Current>;
    Currents current() const;
    bool is_settled(const plan::Endpoint& want, const plan::Endpoint& before) const;
    Result<std::optional<ContainerLink>> link_of(const plan::Endpoint& want, const plan::Endpoint* before);
    void stage_one(const plan::Endpoint& want, const plan::Endpoint* before, const Current* now, Change& change);
    void stage_link(const plan::Endpoint& want, const ContainerLink& link, const Current* now, Change& change);
    void stage_rows(const plan::Endpoint& want, const abi::Endpoint& row, Change& change);
    void stage_unlink(const Addr& addr, std::uint16_t id, Change& change);
    void stage_gone(const Current& now, Change& change);
    void stage_collect(const Endpoints& want, std::vector<Change>& changes);
    Result<abi::Endpoint> place(const plan::Endpoint& want, const ContainerLink& link, const Current* now);
    bool differs(const Addr& addr, const abi::Endpoint& row) const;
    Result<> put(const Addr& addr, const abi::Endpoint& row);
    Result<> erase(const Addr& addr, std::uint16_t id);
    std::set<std::uint32_t> used_hops() const;
    std::set<std::uint32_t> used_sets() const;

    Table<abi::Addr4, abi::Endpoint> rows4_;
    Table<abi::Addr6, abi::Endpoint> rows6_;
    PolicySets sets_;
    HopRows& hops_;
    Devices& devices_;
    std::map<std::string, Device> present_{};      // host ends, as of the last stage()
    std::map<EndpointId, ContainerLink> links_{};  // as ensure() left them
    std::set<EndpointId> lost_{};
    std::optional<std::set<std::string>> kept_{};  // devices of the last collection; none since load()
};

}  // namespace beeline::kernel
