// The one writer. Edits go in, an immutable Snapshot with the next generation comes out. An edit that is wrong in
// itself (parse) or against the rest (collision) is refused alone; what it would have replaced stays in force.
// Not thread-safe: the agent's event loop owns it. current() may be called from any thread.
#pragma once
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/problem.h"
#include "model/snapshot.h"

namespace beeline::store {

// All that one file says now. Objects the file said before and does not say any more are removed, except those
// named by a problem, and except all of them while the file has a problem that names no object. Of an object that
// two files define the first definition stays; the other is refused, and takes over when the first goes.
struct FileEdit {
    std::string file;
    std::vector<model::Object> objects;
    std::vector<model::Problem> problems;
    bool removed = false;  // the file is gone
};

struct EndpointRequest {
    model::Name pod;
    model::Labels labels;
    std::string netns;
    std::uint64_t netns_inode = 0;
    std::string ifname = "eth0";
    std::optional<Addr> addr4, addr6;  // asked for; absent: allocated
};

// A node port that a Service has, for its port of this name (which may be empty) or for its health check.
struct HeldPort {
    std::string name;
    Proto proto = Proto::tcp;
    Port port;
    bool operator==(const HeldPort&) const = default;
};
using NodePortTable = std::vector<std::pair<model::Name, std::vector<HeldPort>>>;

class Store {
public:
    // Identities are given out from 256 to `last_identity`.
    explicit Store(model::NodeConfig node, IdentityId last_identity = {65535});
    ~Store();
    Store(const Store&) = delete;
    Store& operator=(const Store&) = delete;

    model::SnapshotPtr current() const;

    // One generation for all the files of a call, none if nothing changed. Never fails as a whole: what is refused
    // stands in problems().
    void apply(std::vector<FileEdit> edits);
    // The objects that count as said by this file: those of its last edit, and the last good versions that stay.
    std::set<model::Ref> said_by(const std::string& file) const;

    // Idempotent: the same pod, netns and ifname gives the endpoint that exists, with the labels and the inode of
    // this request. Labels are those of the Pod manifest, if there is one, overlaid with the request's; they follow
    // the manifest. Errors: exhausted (no address, id or identity left), conflict (address or namespace taken, or
    // the pod is in another namespace), exists (it has another address than asked for), invalid (address outside
    // the pod CIDR), unavailable (no manifest describes the new endpoint's pod, but one that cannot be read may).
    Result<model::Endpoint> add_endpoint(const EndpointRequest& request);
    Result<> remove_endpoint(EndpointId id);
    // From state/<id>/endpoint.json of an earlier agent; keeps id, addresses and identity (unless
    // that number stands for other labels now). Its labels stay as they
    // are until the first apply(), which must hold all files: who is not described by any Pod then has only its own
    // labels, unless a file with problems may hide the Pod. Errors: conflict, invalid.
    Result<> restore_endpoint(const model::Endpoint& endpoint);
    // Destinations that see a container's own address, as the configuration now says; in place of those before.
    void set_unmasked(std::vector<Prefix> unmasked);
    // Pods whose probes do not succeed, in place of those before.
    void set_failing(std::set<model::Name> pods);
    // The datapath of these endpoints is in force (derived EndpointSlices count them from now on).
    void set_up(const std::set<EndpointId>& up);

    // Another number, never 0, after every change of what the next three tables hold.
    std::uint64_t tables_version() const;
    // Identity numbers survive restarts: save and load them before anything else is applied.
    std::vector<std::pair<model::IdentityLabels, IdentityId>> identities() const;
    Result<> restore_identities(const std::vector<std::pair<model::IdentityLabels, IdentityId>>& table);

    // The same for addresses of Services, allocated or given: a Service that names none gets its old one back.
    // Errors: conflict (an address stands twice).
    std::vector<std::pair<model::Name, std::vector<Addr>>> cluster_ips() const;
    Result<> restore_cluster_ips(const std::vector<std::pair<model::Name, std::vector<Addr>>>& table);

    // The same for node ports. Errors: conflict (a port stands twice).
    NodePortTable node_ports() const;
    Result<> restore_node_ports(const NodePortTable& table);

    // Everything that is refused now, ordered by file and line.
    std::vector<model::Problem> problems() const;

private:
    struct State;
    void publish();
    std::unique_ptr<State> state_;
    // Not std::atomic<shared_ptr>: libstdc++ 12 releases its internal lock relaxed after a load, a data race.
    mutable std::mutex current_mutex_;
    model::SnapshotPtr current_;
};

}  // namespace beeline::store
