#include <algorithm>

#include "compile/members.h"
#include "compile/parts.h"

namespace beeline::compile {
namespace {

bool served(const model::Service& service) {
    return !service.headless && !service.foreign_proxy && service.type != model::Service::Type::external_name;
}

// Kubernetes' choice: those that are ready; if there are none, those that still serve while they terminate. The
// rest that still serves keeps its flows and gets no new ones.
void choose(const Members& members, Family family, plan::Frontend& frontend) {
    const auto any_ready = [&](const auto& m) { return m.first.addr.family == family && m.second.ready; };
    const bool use_ready = std::ranges::any_of(members, any_ready);
    for (const auto& [member, conditions] : members) {
        if (member.addr.family != family) continue;
        const bool last_resort = conditions.serving && conditions.terminating;
        const bool chosen = use_ready ? conditions.ready : last_resort;
        const plan::Backend backend{member.addr, member.port, conditions.terminating && !conditions.ready};
        if (chosen) {
            frontend.backends.push_back(backend);
        } else if (conditions.serving) {
            frontend.draining.push_back(backend);
        }
    }
}

// SCTP's checksum (CRC32c) cannot be updated for a changed port; only the address may change.
bool translatable(const plan::FrontendKey& key, const plan::Frontend& frontend) {
    const auto same_port = [&](const plan::Backend& b) { return b.port == key.port; };
    return key.proto != Proto::sctp ||
           (std::ranges::all_of(frontend.backends, same_port) && std::ranges::all_of(frontend.draining, same_port));
}

using Frontends = std::map<plan::FrontendKey, plan::Frontend>;

void add_port(const model::Service& service, const model::ServicePort& port, const Members& members,
              Frontends& result) {
    const model::Name name{service.meta.ns, service.meta.name};
    for (const Addr& addr : service.cluster_ips) {
        const plan::FrontendKey key{addr, port.port, port.proto};
        plan::Frontend frontend;
        frontend.service = model::service_port_id(name, port.name, port.proto);
        frontend.name = to_string(name) + (port.name.empty() ? "" : ":" + port.name);
        choose(members, addr.family, frontend);
        if (translatable(key, frontend)) result.try_emplace(key, std::move(frontend));
    }
}

}  // namespace

std::map<plan::FrontendKey, plan::Frontend> frontends(const model::Snapshot& snapshot) {
    const MemberIndex index(snapshot);
    Frontends result;
    for (const auto& [name, service] : snapshot.services) {
        if (!served(*service)) continue;
        for (const model::ServicePort& port : service->ports)
            add_port(*service, port, index.of(*service, port), result);
    }
    return result;
}

}  // namespace beeline::compile
