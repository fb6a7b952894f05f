#include "store/endpoints.h"

#include <fmt/format.h>

#include <algorithm>

namespace beeline::store {
namespace {

std::vector<Addr> gateways(const model::NodeConfig& node) {
    std::vector<Addr> result = node.routers;
    for (const Prefix& prefix : node.pod_cidrs)
        if (prefix.size() > 1) result.push_back(prefix.at(1));
    return result;
}

std::string title(const model::Endpoint& endpoint) {
    return fmt::format("endpoint {} ({})", endpoint.id.value, to_string(endpoint.pod));
}

bool same_namespace(const model::Endpoint& endpoint, const EndpointRequest& request) {
    const bool same_inode = request.netns_inode != 0 && endpoint.netns_inode == request.netns_inode;
    return endpoint.netns == request.netns || same_inode;
}

std::vector<Addr> addresses(const model::Endpoint& endpoint) {
    std::vector<Addr> result;
    if (endpoint.addr4) result.push_back(*endpoint.addr4);
    if (endpoint.addr6) result.push_back(*endpoint.addr6);
    return result;
}

}  // namespace

Endpoints::Endpoints(const model::NodeConfig& node) : ids_(1, 65535) {
    for (const Prefix& prefix : node.pod_cidrs)
        pools_.try_emplace(prefix.addr.family, prefix, gateways(node));
}

std::shared_ptr<const model::Endpoint> Endpoints::by_id(EndpointId id) const {
    const auto it = all_.find(id);
    return it == all_.end() ? nullptr : it->second;
}

std::shared_ptr<const model::Endpoint> Endpoints::by_pod(const model::Name& pod) const {
    const auto it = pods_.find(pod);
    return it == pods_.end() ? nullptr : by_id(it->second);
}

const model::Endpoint* Endpoints::in_namespace(const EndpointRequest& request) const {
    for (const auto& [id, endpoint] : all_)
        if (endpoint->ifname == request.ifname && same_namespace(*endpoint, request)) return endpoint.get();
    return nullptr;
}

Result<std::shared_ptr<const model::Endpoint>> Endpoints::match(const EndpointRequest& request) const {
    auto mine = by_pod(request.pod);
    if (!mine) {
        if (const model::Endpoint* other = in_namespace(request))
            return fail(Errc::conflict,
                        fmt::format("{} in {} is {} already", request.ifname, request.netns, title(*other)));
        return nullptr;
    }
    if (!same_namespace(*mine, request) || mine->ifname != request.ifname)
        return fail(Errc::conflict, fmt::format("pod {} is {} in {} already, interface {}; remove it first",
                                                to_string(request.pod), title(*mine), mine->netns, mine->ifname));
    const bool other_addr4 = request.addr4 && request.addr4 != mine->addr4;
    const bool other_addr6 = request.addr6 && request.addr6 != mine->addr6;
    if (other_addr4 || other_addr6)
        return fail(Errc::exists, fmt::format("{} exists with another address than {}", title(*mine),
                                              to_string(other_addr4 ? *request.addr4 : *request.addr6)));
    return mine;
}

Result<> Endpoints::check(const Addr& asked, const model::Name& pod) const {
    const auto pool = pools_.find(asked.family);
    if (pool == pools_.end())
        return fail(Errc::invalid, fmt::format("address {} is in no pod CIDR of this node", to_string(asked)));
    if (const auto owner = owners_.find(asked); owner != owners_.end())
        return fail(Errc::conflict,
                    fmt::format("address {} is taken by {}", to_string(asked), title(*all_.at(owner->second))));
    const auto claimants = claimants_.find(asked);
    if (claimants != claimants_.end() && !claimants->second.contains(pod))
        return fail(Errc::conflict, fmt::format("address {} is named by the manifest of Pod {}", to_string(asked),
                                                to_string(*claimants->second.begin())));
    return pool->second.check(asked);
}

const Addr* Endpoints::claimed_by(const model::Name& pod, Family family) const {
    const auto claims = claims_.find(pod);
    if (claims == claims_.end()) return nullptr;
    const auto fits = [&](const Addr& addr) { return addr.family == family && check(addr, pod).has_value(); };
    const auto found = std::ranges::find_if(claims->second, fits);
    return found == claims->second.end() ? nullptr : &*found;
}

Result<std::optional<Addr>> Endpoints::address(Family family, const EndpointRequest& request) const {
    const std::optional<Addr>& asked = family == Family::v4 ? request.addr4 : request.addr6;
    if (asked) {
        CHECK(check(*asked, request.pod));
        return asked;
    }
    if (const Addr* claimed = claimed_by(request.pod, family)) return *claimed;
    const auto pool = pools_.find(family);
    if (pool == pools_.end()) return std::nullopt;
    return TRY(pool->second.next());
}

Result<model::Endpoint> Endpoints::draft(const EndpointRequest& request) const {
    model::Endpoint endpoint;
    const auto id = ids_.next();
    if (!id) return fail(Errc::exhausted, "no endpoint id is left: all of 1-65535 are in use");
    endpoint.id = EndpointId{static_cast<std::uint16_t>(*id)};
    endpoint.addr4 = TRY(address(Family::v4, request));
    endpoint.addr6 = TRY(address(Family::v6, request));
    if (pools_.empty()) return fail(Errc::exhausted, "this node has no pod CIDR to take an address from");
    endpoint.pod = request.pod;
    endpoint.own_labels = request.labels;
    endpoint.netns = request.netns;
    endpoint.netns_inode = request.netns_inode;
    endpoint.ifname = request.ifname;
    return endpoint;
}

Result<> Endpoints::restore(const model::Endpoint& endpoint) {
    if (endpoint.id.value == 0) return fail(Errc::invalid, "endpoint id 0 of " + to_string(endpoint.pod));
    const EndpointRequest place{.pod = endpoint.pod,
                                .labels = {},
                                .netns = endpoint.netns,
                                .netns_inode = endpoint.netns_inode,
                                .ifname = endpoint.ifname,
                                .addr4 = {},
                                .addr6 = {}};
    const model::Endpoint* other = by_id(endpoint.id).get();
    if (other == nullptr) other = by_pod(endpoint.pod).get();
    if (other == nullptr) other = in_namespace(place);
    for (const Addr& addr : addresses(endpoint))
        if (const auto owner = owners_.find(addr); other == nullptr && owner != owners_.end())
            other = by_id(owner->second).get();
    if (other != nullptr)
        return fail(Errc::conflict,
                    fmt::format("{} has the id, pod, namespace or an address of {}", title(endpoint), title(*other)));
    take(endpoint, true);
    return {};
}

// Rotation goes on behind what was given out, not behind an address that somebody asked for by name.
void Endpoints::take(const model::Endpoint& endpoint, bool restored) {
    all_[endpoint.id] = std::make_shared<const model::Endpoint>(endpoint);
    pods_[endpoint.pod] = endpoint.id;
    ids_.take(endpoint.id.value);
    ids_.resume_after(endpoint.id.value);
    for (const Addr& addr : addresses(endpoint)) {
        owners_[addr] = endpoint.id;
        const auto pool = pools_.find(addr.family);
        if (pool == pools_.end()) continue;
        const bool in_turn = restored || pool->second.next() == addr;
        pool->second.take(addr);
        if (in_turn) pool->second.resume_after(addr);
    }
}

void Endpoints::claim(const model::Name& pod, const std::vector<Addr>& addrs) {
    const auto old = claims_.find(pod);
    for (const Addr& addr : old == claims_.end() ? std::vector<Addr>{} : old->second) {
        auto& claimants = claimants_[addr];
        claimants.erase(pod);
        if (!claimants.empty()) continue;
        claimants_.erase(addr);
        if (const auto pool = pools_.find(addr.family); pool != pools_.end()) pool->second.unhold(addr);
    }
    claims_.erase(pod);
    for (const Addr& addr : addrs) {
        claimants_[addr].insert(pod);
        if (const auto pool = pools_.find(addr.family); pool != pools_.end()) pool->second.hold(addr);
    }
    if (!addrs.empty()) claims_[pod] = addrs;
}

void Endpoints::put(const model::Endpoint& endpoint) {
    if (all_.contains(endpoint.id)) {
        all_[endpoint.id] = std::make_shared<const model::Endpoint>(endpoint);
    } else {
        take(endpoint, false);
    }
}

void Endpoints::erase(EndpointId id) {
    const auto endpoint = by_id(id);
    if (!endpoint) return;
    for (const Addr& addr : addresses(*endpoint)) {
        owners_.erase(addr);
        if (const auto pool = pools_.find(addr.family); pool != pools_.end()) pool->second.release(addr);
    }
    pods_.erase(endpoint->pod);
    ids_.release(id.value);
    all_.erase(id);
}

}  // namespace beeline::store
