// The state files' text: JSON, read strictly.
#pragma once
#include "apps/agent/last_good.h"
#include "apps/agent/state.h"

namespace beeline::agent {

std::string endpoint_text(const model::Endpoint& endpoint);
std::string identities_text(const IdentityTable& table);
std::string cluster_ips_text(const ClusterIpTable& table);
std::string node_ports_text(const store::NodePortTable& table);
std::string kept_text(const KeptFiles& kept);

// Errors: invalid, naming the field.
Result<model::Endpoint> parse_endpoint(const std::string& text);
Result<IdentityTable> parse_identities(const std::string& text);
Result<ClusterIpTable> parse_cluster_ips(const std::string& text);
Result<store::NodePortTable> parse_node_ports(const std::string& text);
Result<KeptFiles> parse_kept(const std::string& text);

}  // namespace beeline::agent
