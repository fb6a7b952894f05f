#include <fmt/format.h>

#include <algorithm>
#include <optional>

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

// SCTP's checksum (CRC32c) covers the ports, and cannot follow a changed one: only the address may change. The port
// that would have to be another one; nothing if there is none. Without members the manifest tells what they will have.
std::optional<Port> untranslatable(const model::Service& service, const model::ServicePort& port,
                                   const Members& members) {
    if (port.proto != Proto::sctp) return std::nullopt;
    for (const auto& [member, conditions] : members)
        if (member.port != port.port) return member.port;
    const auto* target = std::get_if<Port>(&port.target_port);
    if (members.empty() && !service.selector.empty() && target != nullptr && *target != port.port) return *target;
    return std::nullopt;
}

std::string reason_text(std::size_t index, const model::ServicePort& port, Port target) {
    return fmt::format(
        "spec.ports[{}].targetPort: the backends have port {} instead of {}: ports of SCTP cannot be "
        "translated, its checksum covers them",
        index, target.value, port.port.value);
}

void add_port(const model::Service& service, std::size_t index, const Members& members, Services& result) {
    const model::ServicePort& port = service.ports[index];
    const model::Name name{service.meta.ns, service.meta.name};
    const std::uint32_t id = model::service_port_id(name, port.name, port.proto);
    const std::string title = to_string(name) + (port.name.empty() ? "" : ":" + port.name);
    const auto target = untranslatable(service, port, members);
    for (const Addr& addr : service.cluster_ips) {
        const plan::FrontendKey key{addr, port.port, port.proto};
        if (target) {
            result.unserved.try_emplace(key, id, title, reason_text(index, port, *target));
            continue;
        }
        plan::Frontend frontend{.service = id, .name = title, .backends = {}, .draining = {}};
        choose(members, addr.family, frontend);
        result.frontends.try_emplace(key, std::move(frontend));
    }
}

}  // namespace

Services services(const model::Snapshot& snapshot) {
    const MemberIndex index(snapshot);
    Services result;
    for (const auto& [name, service] : snapshot.services) {
        if (!served(*service)) continue;
        for (std::size_t i = 0; i < service->ports.size(); ++i)
            add_port(*service, i, index.of(*service, service->ports[i]), result);
    }
    return result;
}

}  // namespace beeline::compile
