// The Kubernetes objects Beeline reads, reduced to what it acts on. Field names follow the Kubernetes API.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/addr.h"
#include "model/meta.h"

namespace beeline::model {

struct Meta {
    std::string ns{};
    std::string name{};
    Labels labels{};
    Origin origin{};
    bool operator==(const Meta&) const = default;
};

struct Namespace {
    Meta meta{};  // labels include kubernetes.io/metadata.name
    bool operator==(const Namespace&) const = default;
};

struct Node {
    Meta meta{};
    bool terminating = false;         // metadata.deletionTimestamp
    std::vector<Addr> addresses{};    // status.addresses, InternalIP and ExternalIP
    std::vector<Prefix> pod_cidrs{};  // spec.podCIDRs
    bool operator==(const Node&) const = default;
};

struct ContainerPort {
    std::string name{};  // may be empty
    Port port{};
    Proto proto = Proto::tcp;
    Port host_port{};               // 0: none
    std::optional<Addr> host_ip{};  // absent: every address of the node, as with 0.0.0.0 and ::
    bool operator==(const ContainerPort&) const = default;
};
// spec.containers[].readinessProbe, as far as it asks over the network.
struct Probe {
    enum class Kind { tcp, http, https } kind = Kind::tcp;
    Port port{};
    std::string host{}, path = "/";  // where to connect (empty: the pod), and what is asked for by HTTP
    std::vector<std::pair<std::string, std::string>> headers{};
    unsigned initial_delay = 0, period = 10, timeout = 1;  // seconds
    unsigned successes = 1, failures = 3;                  // thresholds: so many in a row
    bool operator==(const Probe&) const = default;
};
struct Pod {
    Meta meta{};
    std::string node_name{};
    bool host_network = false;
    std::vector<Addr> ips{};  // status.podIPs
    std::vector<ContainerPort> ports{};
    std::optional<bool> ready{};  // status condition Ready; absent: not stated
    bool terminating = false;     // metadata.deletionTimestamp
    bool finished = false;        // phase Succeeded or Failed
    unsigned weight = 1;          // annotation service.beeline.io/weight; 0: gets no new flows
    std::vector<Probe> probes{};  // all must succeed
    bool operator==(const Pod&) const = default;
};

struct ServicePort {
    std::string name{};
    Proto proto = Proto::tcp;
    Port port{};
    std::variant<Port, std::string> target_port{};  // number or name of a container port
    Port node_port{};                               // 0: Beeline allocates, if the Service has node ports
    bool operator==(const ServicePort&) const = default;
};
enum class TrafficPolicy { cluster, local };
enum class Algorithm { random, maglev, round_robin, least_connections };  // how a new flow chooses its backend
// How a client from outside gets to a backend on another node: with this node's address, or in a tunnel, and answered
// by that node itself.
enum class Forwarding { snat, dsr };
struct LoadBalancerIngress {
    Addr addr{};
    bool proxy = false;  // ipMode: Proxy: the load balancer speaks to node ports, the address is not ours
    bool operator==(const LoadBalancerIngress&) const = default;
};
struct Service {
    Meta meta{};
    enum class Type { cluster_ip, node_port, load_balancer, external_name } type = Type::cluster_ip;
    bool headless = false;            // clusterIP: None
    std::vector<Addr> cluster_ips{};  // as given; empty: Beeline allocates (standalone)
    std::vector<Family> families{};   // spec.ipFamilies; empty: the node's, by the policy
    enum class FamilyPolicy { single, prefer_dual, require_dual } family_policy = FamilyPolicy::single;
    std::vector<ServicePort> ports{};
    Labels selector{};  // empty: endpoints are given as EndpointSlices
    bool publish_not_ready = false;
    std::vector<Addr> external_ips{};            // spec.externalIPs
    std::vector<LoadBalancerIngress> ingress{};  // status.loadBalancer.ingress, those with an address
    bool allocate_node_ports = true;             // spec.allocateLoadBalancerNodePorts
    TrafficPolicy internal_policy = TrafficPolicy::cluster, external_policy = TrafficPolicy::cluster;
    std::optional<unsigned> affinity_seconds{};  // sessionAffinity: ClientIP; absent: none
    Port health_check_node_port{};               // 0: none
    std::vector<Prefix> source_ranges{};         // spec.loadBalancerSourceRanges; empty: everybody
    enum class Distribution { any, same_zone, same_node } distribution = Distribution::any;
    std::optional<Algorithm> algorithm{};    // annotation service.beeline.io/algorithm; absent: the node's
    std::optional<Forwarding> forwarding{};  // annotation service.beeline.io/forwarding-mode; absent: the node's
    // label service.kubernetes.io/service-proxy-name or …/headless: somebody else serves it
    bool foreign_proxy = false;
    bool operator==(const Service&) const = default;
};

struct SliceEndpoint {
    std::vector<Addr> addresses{};
    bool ready = true;  // conditions; absent ready counts as true
    bool serving = true;
    bool terminating = false;
    std::string node_name{};
    std::vector<std::string> hint_zones{}, hint_nodes{};  // hints.forZones, hints.forNodes
    bool operator==(const SliceEndpoint&) const = default;
};
struct SlicePort {
    std::string name{};
    Proto proto = Proto::tcp;
    Port port{};
    bool operator==(const SlicePort&) const = default;
};
struct EndpointSlice {
    Meta meta{};
    Name service{};              // label kubernetes.io/service-name; name empty: belongs to none
    Family family = Family::v4;  // addressType IPv4 or IPv6
    std::vector<SliceEndpoint> endpoints{};
    std::vector<SlicePort> ports{};
    unsigned weight = 1;  // of each endpoint; annotation service.beeline.io/weight
    bool operator==(const EndpointSlice&) const = default;
};

struct PolicyPort {
    Proto proto = Proto::tcp;  // any: all protocols (only by an empty ports list, never here)
    Port port{};               // 0: all ports of the protocol
    bool operator==(const PolicyPort&) const = default;
};
struct PolicyPeer {
    std::optional<Selector> pods{};        // absent with namespaces: all pods of those namespaces
    std::optional<Selector> namespaces{};  // absent: the policy's own namespace
    bool operator==(const PolicyPeer&) const = default;
};
struct PolicyRule {
    std::vector<PolicyPeer> peers{};  // empty: everybody, unless `nothing`
    std::vector<PolicyPort> ports{};  // empty: everything, unless `nothing`
    // The rule's peers or ports held only entries this version cannot match (ipBlock, named port, endPort): it
    // allows nothing. Their reasons stand in NetworkPolicy::limits.
    bool nothing = false;
    bool operator==(const PolicyRule&) const = default;
};
struct NetworkPolicy {
    Meta meta{};
    Selector pods{};  // spec.podSelector
    bool isolates_ingress = false, isolates_egress = false;
    std::vector<PolicyRule> ingress{}, egress{};
    std::vector<std::string> limits{};  // parts not in force, each with field and reason; shown in Status
    bool operator==(const NetworkPolicy&) const = default;
};

using Object = std::variant<Namespace, Node, Pod, Service, EndpointSlice, NetworkPolicy>;
Ref ref_of(const Object& object);
const Origin& origin_of(const Object& object);

constexpr unsigned most_weight = 1000;

// Its type has ports on the node's addresses: NodePort or LoadBalancer.
bool is_on_nodes(const Service& service);
// Addresses that this Service's ports are served on, apart from node ports.
std::vector<Addr> addresses_of(const Service& service);
// Are the node ports that ServicePort::node_port leaves open to be allocated?
bool has_node_ports(const Service& service);

// Stable numbers for names, the same in compile and in flow: FNV-1a of "namespace/name" and the rest, never 0.
RuleId rule_id(const Name& policy, bool egress, unsigned index);
std::uint32_t service_port_id(const Name& service, const std::string& port, Proto proto);

}  // namespace beeline::model
