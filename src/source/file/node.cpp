#include "source/file/kinds.h"

namespace beeline::source::file {
namespace {

void read_addresses(const Field& list, std::vector<Addr>& addresses) {
    for (const Field& item : list.maps()) {
        const auto type = item.at("type").text();
        if (type != "InternalIP" && type != "ExternalIP") continue;  // Hostname, InternalDNS, …
        if (!item.at("address").require()) continue;
        if (const auto addr = item.at("address").addr()) addresses.push_back(*addr);
    }
}

}  // namespace

std::optional<model::Object> read_node(const Field& root, model::Meta meta) {
    model::Node node{.meta = std::move(meta)};
    const Field spec = root.at("spec").map();
    std::vector<Field> cidrs = spec.at("podCIDRs").items();
    if (cidrs.empty()) cidrs.push_back(spec.at("podCIDR"));  // its older, single form
    for (const Field& cidr : cidrs)
        if (const auto prefix = cidr.prefix()) node.pod_cidrs.push_back(*prefix);
    read_addresses(root.at("status").map().at("addresses"), node.addresses);
    node.terminating = root.at("metadata").at("deletionTimestamp").present();
    return node;
}

}  // namespace beeline::source::file
