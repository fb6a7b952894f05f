// What the next agent must know: containers, identity numbers, addresses and node ports of Services. Written before it
// is used, so that a killed agent's successor never gives an address or a number to somebody else.
//
//   <run_dir>/state/<endpoint id>/endpoint.json
//   <run_dir>/state/identities.json
//   <run_dir>/state/cluster_ips.json
//   <run_dir>/state/node_ports.json     not there: written by a version that had no node ports
//
// and what last_good.h and passing.h keep.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/snapshot.h"
#include "store/store.h"

namespace beeline::agent {

using IdentityTable = std::vector<std::pair<model::IdentityLabels, IdentityId>>;
using ClusterIpTable = std::vector<std::pair<model::Name, std::vector<Addr>>>;

struct SavedState {
    std::vector<model::Endpoint> endpoints;  // by id
    IdentityTable identities;
    ClusterIpTable cluster_ips;
    store::NodePortTable node_ports;
    std::vector<std::string> problems;  // files that could not be read, by name; they were set aside
};

// Renames a file that makes no sense to <name>.corrupt. Returns what to tell of it.
std::string set_aside(const std::string& file, const Error& why);

class StateFolder {
public:
    explicit StateFolder(const std::string& run_dir) : path_(run_dir + "/state") {}

    // Makes the folder if there is none and reads what is in it. A file that makes no sense is renamed to
    // <name>.corrupt and reported. Errors: io (the folder itself).
    Result<SavedState> load();

    Result<> save(const model::Endpoint& endpoint);
    Result<> remove(EndpointId id);  // fine if there is none
    // Writes only what differs from what stands there.
    Result<> save_identities(const IdentityTable& table);
    Result<> save_cluster_ips(const ClusterIpTable& table);
    Result<> save_node_ports(const store::NodePortTable& table);

private:
    template <class Table>
    Result<> save_table(const std::string& file, const Table& table, std::string (*text)(const Table&),
                        std::optional<Table>& last);
    void load_endpoint(const std::string& folder, SavedState& state);

    std::string path_;
    // As last written or read.
    std::optional<IdentityTable> identities_;
    std::optional<ClusterIpTable> cluster_ips_;
    std::optional<store::NodePortTable> node_ports_;
};

}  // namespace beeline::agent
