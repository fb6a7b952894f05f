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
    Result<> load_others();  // but frontends

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
    void set_network(NetworkRows network);
    // Connections of the backends that are chosen by them, as the collector found them; those to be counted next.
    Result<> write_loads(const Loads<V4>& loads4, const Loads<V6>& loads6);
    Loads<V4> counted4() const { return actual_.frontends4.counted(); }
    Loads<V6> counted6() const { return actual_.frontends6.counted(); }
    // A configuration was loaded that differs from the one running flows were decided under.
    void configuration_changed() { pending_slots_.insert(abi::slot_global); }

    const plan::Status& apply(const plan::Plan& plan);
    // Read the kernel again and apply the last plan to what is there.
    const plan::Status& resync();
    // The same without frontends, which take long where there are many: those are looked at by check_frontends(), some
    // with each call. If they are not as they were left, resync() is due.
    const plan::Status& resync_others();
    Result<CheckStep> check_frontends();
    const plan::Status& status() const { return status_; }
    // Maps that had no room for something in the last apply().
    const std::set<std::string>& full() const { return full_; }
    const plan::Plan& wanted() const { return wanted_; }
    // The last plan against the kernel's rows, read anew.
    Result<std::vector<plan::DiffRow>> diff() const;

private:
    // All addresses and whose they are, and those of this node among them.
    struct Known {
        plan::Identities identities{};
        std::set<Addr> node{};
    };
    void want(const plan::Plan& plan);
    Known known() const;
    plan::Frontends rest() const;
    const plan::Frontends& wanted(const plan::FrontendKey& key) const {
        return key.port.value == 0 ? wanted_rest_ : wanted_.frontends;
    }
    plan::Frontends& in_force(const plan::FrontendKey& key) { return key.port.value == 0 ? rest_ : frontends_; }
    void forget_compared();
    void forget_others();
    // Of all maps; until it succeeds nothing can be applied.
    Result<> reload();
    const plan::Status& apply_again(const Result<>& loaded);
    void stage(std::vector<Change>& changes);
    void stage_frontends(std::vector<Change>& changes);
    void stage_frontend(const plan::FrontendKey& key, const plan::Frontend* want, std::vector<Change>& changes);
    void stage_leftovers(std::vector<Change>& changes);
    void end_sockets();
    void settle(const std::vector<Change>& changes);
    void settle_endpoint(EndpointId id, const Change& change);
    void settle_frontend(const plan::FrontendKey& key, const Change& change);
    void note_full(const Error& error);

    Seams seams_;
    Actual actual_;
    // What is wanted: the plan, and what follows from it and from the node's network.
    plan::Plan wanted_{};
    std::optional<NetworkRows> network_{};
    Known known_{};
    bool network_changed_ = true;
    plan::Frontends wanted_rest_{};  // of external addresses, under port 0
    // Items in force, as they were wanted then.
    plan::Frontends frontends_{}, rest_{};
    plan::Endpoints endpoints_{};
    std::optional<plan::Identities> identities_{};
    std::vector<Prefix> node_ports_{};         // addresses that answer on node ports
    std::set<plan::FrontendKey> leftovers_{};  // not in force, but some of their rows may be there
    bool first_ = true;                        // nothing was compared since load()
    bool unknown_ = false;                     // what is in the maps: reading them has failed half way
    Slots pending_slots_{};
    std::int64_t effective_ms_ = 0;
    plan::Status status_{};
    std::set<std::string> full_{};
    bool checking6_ = false;
};

}  // namespace beeline::kernel
