// What the node should look like: every row, attachment, device and route, without a trace of why. Physical places
// (index in the backend array, id of a policy set, row of a hop) are chosen by src/kernel, which alone knows what
// is free. Ordered containers throughout, so that equal plans print equal text.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "abi/policy.h"
#include "abi/service.h"
#include "base/addr.h"
#include "base/shared_map.h"
#include "base/types.h"

namespace beeline::plan {

// addr unspecified (0.0.0.0, ::): every address of this node that answers on node ports.
struct FrontendKey {
    Addr addr;
    Port port;
    Proto proto = Proto::tcp;
    auto operator<=>(const FrontendKey&) const = default;
};
struct Backend {
    Addr addr;
    Port port;
    bool terminating = false;
    std::uint16_t weight = 1;  // share of new flows, beside the others'; never 0 among those that get some
    auto operator<=>(const Backend&) const = default;
};
enum class FrontendKind : std::uint8_t { cluster_ip, node_port, external_ip, load_balancer, host_port };
const char* kind_name(FrontendKind kind);  // "ClusterIP", "NodePort", …
const char* algorithm_name(abi::Algorithm algorithm);
struct Frontend {
    std::uint32_t service = 0;  // model::service_port_id
    std::string name;           // "default/web:http", for people
    FrontendKind kind = FrontendKind::cluster_ip;
    std::vector<Backend> backends;  // those new flows of this node's containers and processes may choose, ordered
    std::vector<Backend> draining;  // members that keep their flows but get no new ones
    // Those for clients that come by one of the node's devices; absent: such clients are not served.
    std::optional<std::vector<Backend>> outside{};
    bool elsewhere = false;               // `outside` is empty, but other nodes have backends: no answer, no refusal
    std::uint32_t affinity_seconds = 0;   // a client keeps its backend for so long after its last connection; 0: not
    std::vector<Prefix> source_ranges{};  // clients from outside that are served; empty: all
    abi::Algorithm algorithm = abi::Algorithm::random;
    bool direct = false;  // backends on other nodes answer clients from outside directly (DSR)
    auto operator<=>(const Frontend&) const = default;
};

// A frontend that cannot be made.
struct Unserved {
    std::uint32_t service = 0;  // as in Frontend
    std::string name;
    std::string reason;  // "spec.ports[0]: …"
    auto operator<=>(const Unserved&) const = default;
};

struct PolicyEntry {
    abi::Direction direction = abi::ingress;
    IdentityId peer;  // 0: everybody
    Proto proto = Proto::any;
    Port port;  // 0: all
    abi::PolicyVerdict verdict = abi::PolicyVerdict::allow;
    RuleId rule;
    auto operator<=>(const PolicyEntry&) const = default;
};
// Rules of one set of pods. At most one entry for each (direction, peer, proto, port).
struct PolicySet {
    bool isolated_ingress = false, isolated_egress = false;
    std::vector<PolicyEntry> entries;  // ordered
    auto operator<=>(const PolicySet&) const = default;
};

struct Endpoint {
    EndpointId id;
    std::string name;   // "default/web-1", for people
    std::string netns;  // path
    std::uint64_t netns_inode = 0;
    std::string ifname;       // inside the container
    std::string host_ifname;  // "bl" + id
    std::optional<Addr> addr4, addr6;
    IdentityId identity;
    PolicySet policy;
    auto operator<=>(const Endpoint&) const = default;
};

struct Node {
    std::vector<Addr> routers;
    std::vector<Prefix> pod_cidrs, service_cidrs;
    unsigned mtu = 1500;
    std::vector<Prefix> node_port_addresses{};  // of this node, that answer on node ports; empty: all
    auto operator<=>(const Node&) const = default;
};

// spec.healthCheckNodePort: where load balancers ask whether this node has backends of a Service.
struct HealthCheck {
    std::string ns, name;   // of the Service
    std::size_t local = 0;  // its ready backends on this node
    auto operator<=>(const HealthCheck&) const = default;
};

// Plans share with each other what is the same in them: who has the former one finds the differences at once.
using Frontends = SharedMap<FrontendKey, Frontend>;
using Endpoints = SharedMap<EndpointId, Endpoint>;
using Identities = SharedMap<Addr, IdentityId>;

struct Plan {
    Generation generation;
    Node node;
    Frontends frontends;
    std::multimap<FrontendKey, Unserved> unserved;  // no rows; for people
    std::set<Addr> vips;                            // external addresses: on ports without a frontend they are refused
    Endpoints endpoints;
    Identities identities;      // addresses that are not local endpoints
    std::set<Prefix> unmasked;  // destinations that see a container's own address
    std::map<Port, HealthCheck> health_checks;
    bool leaving = false;  // the node is being deleted: load balancers should send it nothing new
    bool operator==(const Plan&) const = default;
};

// One line a row, ordered; the format of tests/scenario and of `beeline dump plan`.
std::string to_text(const Plan& plan);

}  // namespace beeline::plan
