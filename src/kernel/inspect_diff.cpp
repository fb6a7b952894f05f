// Applier::diff(): what was wanted and what the kernel has, spelled the same way, line by line.
#include <fmt/format.h>

#include <algorithm>

#include "kernel/applier.h"
#include "kernel/text.h"

namespace beeline::kernel {
namespace {

using Lines = std::map<std::pair<std::string, std::string>, std::string>;  // (map, key) -> text

std::string endpoint_text(EndpointId id, IdentityId identity, const plan::PolicySet& policy) {
    return fmt::format("endpoint {}, identity {}, policy {}", id.value, identity.value, text_of(policy));
}

void add_frontend(Lines& lines, const plan::FrontendKey& key, const FrontendView& view) {
    const char* map = key.addr.v4() ? "bl_frontends4" : "bl_frontends6";
    std::string text = fmt::format("service {}, backends {}", view.service, text_of(view.backends));
    if (!view.draining.empty()) text += fmt::format(", draining {}", text_of(view.draining));
    if (view.outside) text += fmt::format(", outside {}", text_of(*view.outside));
    if (view.elsewhere) text += ", elsewhere";
    if (view.direct) text += ", dsr";
    if (view.affinity_seconds != 0) text += fmt::format(", affinity {} s", view.affinity_seconds);
    if (view.algorithm != abi::Algorithm::random)
        text += fmt::format(", algorithm {}", plan::algorithm_name(view.algorithm));
    for (const Prefix& clients : view.source_ranges)
        text += ", from " + to_string(clients);
    lines[{map, text_of(key)}] = std::move(text);
}

void add_endpoint(Lines& lines, const Addr& addr, std::string text) {
    lines[{addr.v4() ? "bl_endpoints4" : "bl_endpoints6", to_string(addr)}] = std::move(text);
}

void add_identities(Lines& lines, const plan::Identities& identities) {
    for (const auto& [addr, identity] : identities)
        lines[{addr.v4() ? "bl_identities4" : "bl_identities6", to_string(addr)}] =
            fmt::format("identity {}", identity.value);
}

void add_network(Lines& lines, const NetworkApply::Hops& hops, const std::set<Prefix>& unmasked) {
    for (const auto& [key, hop] : hops)
        lines[{"bl_nexthops", text_of(key)}] = network_text_of(hop, key.family);
    for (const Prefix& prefix : unmasked)
        lines[{prefix.addr.v4() ? "bl_unmasked4" : "bl_unmasked6", to_string(prefix)}] = "not masqueraded";
}

plan::PolicySet ordered(plan::PolicySet policy) {
    std::ranges::sort(policy.entries);
    return policy;
}

// As the kernel's rows will show it.
FrontendView view_of(const plan::FrontendKey& key, const plan::Frontend& frontend) {
    FrontendView view{.service = frontend.service,
                      .backends = frontend.backends,
                      .draining = frontend.draining,
                      .outside = frontend.outside,
                      .elsewhere = frontend.elsewhere,
                      .direct = frontend.direct,
                      .affinity_seconds = frontend.affinity_seconds,
                      .source_ranges = frontend.source_ranges,
                      .algorithm = frontend.algorithm};
    std::erase_if(view.source_ranges, [&](const Prefix& p) { return p.addr.family != key.addr.family; });
    std::ranges::sort(view.source_ranges);
    return view;
}

Lines wanted_lines(const plan::Plan& plan, const plan::Frontends& rest) {
    Lines lines;
    for (const auto* frontends : {&plan.frontends, &rest})
        for (const auto& [key, frontend] : *frontends)
            add_frontend(lines, key, view_of(key, frontend));
    for (const auto& [id, endpoint] : plan.endpoints)
        for (const auto& addr : {endpoint.addr4, endpoint.addr6})
            if (addr) add_endpoint(lines, *addr, endpoint_text(id, endpoint.identity, ordered(endpoint.policy)));
    return lines;
}

Lines actual_lines(const Actual& actual) {
    Lines lines;
    for (const auto& [key, view] : actual.frontends4.view())
        add_frontend(lines, key, view);
    for (const auto& [key, view] : actual.frontends6.view())
        add_frontend(lines, key, view);
    for (const auto& [id, view] : actual.endpoints.view())
        for (const Addr& addr : view.addrs)
            add_endpoint(lines, addr, endpoint_text(id, IdentityId{view.row.identity}, view.policy));
    add_identities(lines, actual.identities.view());
    add_network(lines, actual.network.hops_view(), actual.network.unmasked_view());
    return lines;
}

}  // namespace

Result<std::vector<plan::DiffRow>> Applier::diff() const {
    Actual actual(seams_.map, seams_.devices);
    CHECK(actual.load());
    const Lines present = actual_lines(actual);
    Lines wanted = wanted_lines(wanted_, wanted_rest_);
    add_identities(wanted, known().identities);
    add_network(wanted, network_ ? network_->hops : actual.network.hops_view(), wanted_.unmasked);
    std::vector<plan::DiffRow> rows;
    for (const auto& [place, text] : wanted) {
        auto it = present.find(place);
        if (it == present.end())
            rows.push_back({'+', place.first, place.second, text, ""});
        else if (it->second != text)
            rows.push_back({'~', place.first, place.second, text, it->second});
    }
    for (const auto& [place, text] : present)
        if (!wanted.contains(place)) rows.push_back({'-', place.first, place.second, "", text});
    return rows;
}

}  // namespace beeline::kernel
