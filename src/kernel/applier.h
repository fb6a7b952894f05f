// Plan -> maps and devices: holds desired and actual side by side and carries out the difference, in the order of
// transaction.h. Everything it touches comes in through seams.
#pragma once
#include <functional>
#include <string_view>

#include "kernel/endpoints_apply.h"
#include "kernel/frontends_apply.h"
#include "kernel/identities_apply.h"
#include "kernel/network_apply.h"
#include "kernel/ports_apply.h"
#include "kernel/socket_ender.h"
#include "kernel/transaction.h"
#include "plan/inspect.h"
#include "plan/status.h"

namespace beeline::kernel {

using MapOf = std::function<MapIo&(std::string_view)>;  // by the names of abi/maps.h

// The agent-written maps, tracked.
struct Actual {
    Actual(const MapOf& map, Devices& devices);
    Result<> load();

    HopRows hops;  // of endpoints and network
    PlaceRows places;
    FrontendsApply<V4> frontends4;
    FrontendsApply<V6> frontends6;
    PortsApply ports;
    IdentitiesApply identities;
    NetworkApply network;
    EndpointsApply endpoints;
};

class Applier {
public:
    struct Seams {
        MapOf map;
        Devices& devices;
        Protocol& protocol;
        SocketEnder& sockets;
    };
    explicit Applier(Seams seams);

    // Take over what is in the maps; before the first apply(). Endpoints that have rows there are up.
    Result<> load();
    // Next hop "this node's stack". Slots to bump are added to the next apply().
    Result<> set_host_hop(const abi::Hop& host);
    // The node's network as it is from the next apply() on. Before the first call its rows are left as they are.
    void set_network(NetworkRows network) { network_ = std::move(network); }
    // Connections of the backends that are chosen by them, as the collector found them; those to be counted next.
    Result<> write_loads(const Loads<V4>& loads4, const Loads<V6>& loads6);
    Loads<V4> counted4() const { return actual_.frontends4.counted(); }
    Loads<V6> counted6() const { return actual_.frontends6.counted(); }
    // A configuration was loaded that differs from the one running flows were decided under.
    void configuration_changed() { pending_slots_.insert(abi::slot_global); }

    const plan::Status& apply(const plan::Plan& plan);
    // Read the kernel again and apply the last plan to what is there.
    const plan::Status& resync();
    const plan::Status& status() const { return status_; }
    // Maps that had no room for something in the last apply().
    const std::set<std::string>& full() const { return full_; }
    const plan::Plan& wanted() const { return wanted_; }
    // The last plan against the kernel's rows, read anew.
    Result<std::vector<plan::DiffRow>> diff() const;

private:
    IdentitiesApply::Identities identities() const;
    bool node_ports_changed() const { return node_ports_ != wanted_.node.node_port_addresses; }
    void want_rest(const std::set<Addr>& node);
    void stage(std::vector<Change>& changes);
    void stage_frontends(std::vector<Change>& changes);
    void end_sockets();
    void settle(const std::vector<Change>& changes);
    void settle_endpoint(EndpointId id, const Change& change);
    void settle_frontend(const plan::FrontendKey& key, const Change& change);
    void note_full(const Error& error);

    Seams seams_;
    Actual actual_;
    plan::Plan wanted_{};
    std::optional<NetworkRows> network_{};
    // Items in force, as they were wanted then.
    std::map<plan::FrontendKey, plan::Frontend> frontends_{};
    std::map<EndpointId, plan::Endpoint> endpoints_{};
    std::optional<std::map<Addr, IdentityId>> identities_{};
    std::vector<Prefix> node_ports_{};  // addresses that answer on node ports
    bool first_ = true;                 // nothing was compared since load()
    Slots pending_slots_{};
    std::int64_t effective_ms_ = 0;
    plan::Status status_{};
    std::set<std::string> full_{};
};

}  // namespace beeline::kernel
