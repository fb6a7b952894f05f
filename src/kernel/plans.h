// Short ways to write plans in tests.
#pragma once
#include "base/addr.h"
#include "plan/plan.h"

namespace beeline::kernel::fake {

inline Addr addr(std::string_view text) {
    return parse_addr(text).value();
}
inline plan::FrontendKey vip(std::string_view text, std::uint16_t port = 80) {
    return {addr(text), Port{port}, Proto::tcp};
}
inline plan::Backend backend(std::string_view text, std::uint16_t port = 8080) {
    return {addr(text), Port{port}, false};
}
inline plan::Frontend frontend(std::vector<plan::Backend> backends, std::vector<plan::Backend> draining = {}) {
    return {.service = 7, .name = "default/web:http", .backends = std::move(backends), .draining = std::move(draining)};
}
inline plan::PolicySet allow_from(std::uint32_t peer, std::uint16_t port) {
    return {.isolated_ingress = true,
            .entries = {{.peer = IdentityId{peer}, .proto = Proto::tcp, .port = Port{port}, .rule = RuleId{99}}}};
}
// Endpoint n: 10.0.0.n, fd00::n, namespace /run/netns/n.
inline plan::Endpoint endpoint(std::uint16_t n) {
    const std::string text = std::to_string(n);
    return {.id = EndpointId{n},
            .name = "default/pod-" + text,
            .netns = "/run/netns/" + text,
            .ifname = "eth0",
            .host_ifname = "bl" + text,
            .addr4 = addr("10.0.0." + text),
            .addr6 = addr("fd00::" + text),
            .identity = IdentityId{300u + n},
            .policy = {}};
}
inline plan::Plan plan_of(std::uint64_t generation, std::map<plan::FrontendKey, plan::Frontend> frontends,
                          const std::vector<plan::Endpoint>& endpoints = {}) {
    plan::Plan plan;
    plan.generation = Generation{generation};
    plan.frontends = std::move(frontends);
    for (const auto& e : endpoints)
        plan.endpoints.emplace(e.id, e);
    return plan;
}

}  // namespace beeline::kernel::fake
