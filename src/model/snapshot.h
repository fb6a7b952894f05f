// One immutable state of everything Beeline knows. Made by the store, read by everybody else.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/shared_map.h"
#include "model/objects.h"

namespace beeline::model {

// A local container, as asked for by the CLI or CNI. Addresses and id are assigned by the store.
struct Endpoint {
    EndpointId id{};
    Name pod{};
    Labels labels{};                // from the Pod manifest, overlaid with --label
    Labels own_labels{};            // as given with --label
    std::string netns{};            // path of the network namespace, as the agent sees it
    std::uint64_t netns_inode = 0;  // to notice a namespace made anew under the same path; 0: unknown
    std::string ifname = "eth0";
    std::optional<Addr> addr4{}, addr6{};
    IdentityId identity{};
    std::int64_t created_ms = 0;  // Unix time
    bool operator==(const Endpoint&) const = default;
};

// The labels an identity stands for. Two pods of one namespace with equal labels share an identity.
struct IdentityLabels {
    std::string ns{};
    Labels labels{};
    auto operator<=>(const IdentityLabels&) const = default;
};

// What the configuration says of this node.
struct NodeConfig {
    std::string name{};
    std::vector<Prefix> pod_cidrs{};      // at most one a family
    std::vector<Prefix> service_cidrs{};  // at most one a family
    std::vector<Prefix> unmasked{};       // destinations that see a container's own address
    std::vector<Addr> routers{};          // the gateway of the containers, first address of each pod CIDR
    unsigned mtu = 1500;
    Port node_ports_first{30000}, node_ports_last{32767};  // range that node ports are allocated from
    std::vector<Prefix> node_port_addresses{};  // addresses of the node that answer on node ports; empty: all
    Algorithm algorithm = Algorithm::random;    // of Services that do not say
    Forwarding forwarding = Forwarding::snat;   // of Services that do not say
    bool operator==(const NodeConfig&) const = default;
};

// Generations share what is the same, objects and maps.
template <class T>
using Objects = SharedMap<Name, std::shared_ptr<const T>>;
using Identities = SharedMap<IdentityLabels, IdentityId>;

struct Snapshot {
    Generation generation{};
    NodeConfig node{};
    Objects<Namespace> namespaces{};  // Name{"", name}
    Objects<Node> nodes{};
    Objects<Pod> pods{};
    Objects<Service> services{};  // cluster_ips and node ports filled in, allocated where the object named none
    Objects<EndpointSlice> slices{};
    Objects<NetworkPolicy> policies{};
    std::map<EndpointId, std::shared_ptr<const Endpoint>> endpoints{};
    std::set<EndpointId> up{};  // endpoints whose datapath is in force
    std::set<Name> failing{};   // pods whose probes do not succeed; empty where nobody probes
    Identities identities{};
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

}  // namespace beeline::model
