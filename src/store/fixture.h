// Objects and edits for the tests of the store, in few words.
#pragma once
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "store/store.h"

namespace beeline::store {

inline Addr addr(const std::string& text) {
    return parse_addr(text).value();
}
inline Prefix prefix(const std::string& text) {
    return parse_prefix(text).value();
}

inline model::NodeConfig dual_node() {
    return {.name = "node-1",
            .pod_cidrs = {prefix("10.244.1.0/24"), prefix("fd44:1::/64")},
            .service_cidrs = {prefix("10.96.0.0/20"), prefix("fd96::/112")},
            .routers = {addr("10.244.1.1"), addr("fd44:1::1")}};
}

inline model::Meta meta(const std::string& name, int line = 1, model::Labels labels = {}) {
    return {.ns = "default", .name = name, .labels = std::move(labels), .origin = {.file = "", .line = line}};
}

inline model::Service service(const std::string& name, const std::vector<std::string>& ips = {}, int line = 1) {
    model::Service result;
    result.meta = meta(name, line);
    result.ports = {{.name = "", .proto = Proto::tcp, .port = Port{80}, .target_port = Port{8080}}};
    for (const std::string& ip : ips)
        result.cluster_ips.push_back(addr(ip));
    return result;
}

inline model::Pod pod(const std::string& name, model::Labels labels, const std::vector<std::string>& ips = {}) {
    model::Pod result;
    result.meta = meta(name, 1, std::move(labels));
    for (const std::string& ip : ips)
        result.ips.push_back(addr(ip));
    return result;
}

inline model::Problem problem(const std::string& reason, std::optional<model::Ref> object = std::nullopt) {
    model::Problem result;
    result.file = "a.yaml";
    result.line = 1;
    result.reason = reason;
    result.object = std::move(object);
    return result;
}

inline model::Ref service_ref(const std::string& name) {
    return {model::Kind::service, "default", name};
}

inline FileEdit says(const std::string& file, std::vector<model::Object> objects,
                     std::vector<model::Problem> problems = {}) {
    return {.file = file, .objects = std::move(objects), .problems = std::move(problems), .removed = false};
}
inline FileEdit gone(const std::string& file) {
    return {.file = file, .objects = {}, .problems = {}, .removed = true};
}

inline void apply(Store& store, FileEdit edit) {
    std::vector<FileEdit> edits;
    edits.push_back(std::move(edit));
    store.apply(std::move(edits));
}

inline EndpointRequest request(const std::string& name, model::Labels labels = {}) {
    return {.pod = {"default", name},
            .labels = std::move(labels),
            .netns = "/run/netns/" + name,
            .netns_inode = 0,
            .ifname = "eth0",
            .addr4 = {},
            .addr6 = {}};
}

// The addresses of a Service as text, "-" if it is not in force.
inline std::string ips_of(const Store& store, const std::string& name) {
    const auto snapshot = store.current();
    const auto it = snapshot->services.find({"default", name});
    if (it == snapshot->services.end()) return "-";
    std::string text;
    for (const Addr& ip : it->second->cluster_ips)
        text += (text.empty() ? "" : " ") + to_string(ip);
    return text;
}

inline std::vector<std::string> problems_of(const Store& store) {
    std::vector<std::string> result;
    for (const model::Problem& p : store.problems())
        result.push_back(to_string(p));
    return result;
}

}  // namespace beeline::store
