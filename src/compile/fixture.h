// Objects for the tests of this folder, in one line each.
#pragma once
#include <fmt/format.h>

#include <memory>
#include <string>

#include "model/snapshot.h"
#include "plan/plan.h"

namespace beeline::compile {

inline Addr addr(const std::string& text) {
    return parse_addr(text).value();
}

template <class T>
void enter(model::Objects<T>& objects, T object) {
    const model::Name name{object.meta.ns, object.meta.name};
    objects[name] = std::make_shared<const T>(std::move(object));
}

inline model::Meta meta(const std::string& name, model::Labels labels = {}) {
    return {.ns = "default", .name = name, .labels = std::move(labels), .origin = {}};
}

// Port 80 to 8080 of the pods with app=<name>.
inline model::Service service(const std::string& name, const std::string& ip, Proto proto = Proto::tcp) {
    model::Service result;
    result.meta = meta(name);
    result.cluster_ips = {addr(ip)};
    result.ports = {{.name = "", .proto = proto, .port = Port{80}, .target_port = Port{8080}}};
    result.selector = {{"app", name}};
    return result;
}

// The container default/pod-<id>, up, with an IPv4 address.
inline void add_endpoint(model::Snapshot& snapshot, std::uint16_t id, const model::Labels& labels) {
    const model::IdentityLabels who{"default", labels};
    snapshot.identities.emplace(who, IdentityId{256 + static_cast<std::uint32_t>(snapshot.identities.size())});
    snapshot.endpoints[{id}] = std::make_shared<const model::Endpoint>(
        model::Endpoint{.id = {id},
                        .pod = {"default", fmt::format("pod-{}", id)},
                        .labels = labels,
                        .own_labels = labels,
                        .netns = fmt::format("/run/netns/{}", id),
                        .netns_inode = 0,
                        .ifname = "eth0",
                        .addr4 = addr(fmt::format("10.244.{}.{}", id / 250, 2 + id % 250)),
                        .addr6 = {},
                        .identity = snapshot.identities.at(who)});
    snapshot.up.insert({id});
}

// A ready endpoint on a node.
inline model::SliceEndpoint on(const char* node, const std::string& ip) {
    return {.addresses = {addr(ip)}, .node_name = node};
}

// Port 8080, TCP, of a Service of the namespace default.
inline model::EndpointSlice slice(const std::string& of, std::vector<model::SliceEndpoint> endpoints) {
    model::EndpointSlice result;
    result.meta = meta(of + "-1");
    result.service = {"default", of};
    result.ports = {{.name = "", .proto = Proto::tcp, .port = Port{8080}}};
    result.endpoints = std::move(endpoints);
    return result;
}

// The lines of the plan's text that begin with one of the words "frontend", "draining", "unserved" and "vip".
inline std::string services_text(const plan::Plan& plan) {
    plan::Plan part;
    part.frontends = plan.frontends;
    part.unserved = plan.unserved;
    part.vips = plan.vips;
    const std::string text = to_text(part);
    return text.substr(text.find('\n') + 1);
}

}  // namespace beeline::compile
