#include "compile/choice.h"

#include <algorithm>
#include <iterator>

namespace beeline::compile {
namespace {

enum class Topology { none, same_node, same_zone };

// Hints count only if every ready member has them and one of them means us. What is chosen here is not empty, so that
// nothing falls through afterwards.
Topology topology_of(const Members& members, Family family) {
    bool all_node = true, all_zone = true, our_node = false, our_zone = false;
    for (const auto& [member, conditions] : members) {
        if (member.addr.family != family || !conditions.ready || conditions.weight == 0) continue;
        all_node &= conditions.node.given;
        all_zone &= conditions.zone.given;
        our_node |= conditions.node.ours;
        our_zone |= conditions.zone.ours;
    }
    if (all_node && our_node) return Topology::same_node;
    return all_zone && our_zone ? Topology::same_zone : Topology::none;
}

bool meant_for_us(const Conditions& conditions, Topology topology) {
    if (topology == Topology::none) return true;
    return topology == Topology::same_node ? conditions.node.ours : conditions.zone.ours;
}

std::vector<plan::Backend> without(const std::vector<plan::Backend>& all, const std::vector<plan::Backend>& some) {
    std::vector<plan::Backend> rest;
    std::ranges::set_difference(all, some, std::back_inserter(rest));
    return rest;
}

}  // namespace

Choice choose(const Members& members, Family family) {
    const Topology topology = topology_of(members, family);
    Choice choice;
    // Only if no member is ready: those that still serve while they terminate.
    std::vector<plan::Backend> leaving, leaving_here;
    for (const auto& [member, conditions] : members) {
        if (member.addr.family != family) continue;
        const plan::Backend backend{member.addr, member.port, conditions.terminating && !conditions.ready,
                                    static_cast<std::uint16_t>(conditions.weight)};
        if (conditions.serving) choice.serving.push_back(backend);
        if (conditions.weight == 0) continue;
        const bool last_resort = conditions.serving && conditions.terminating;
        choice.any |= conditions.ready || last_resort;
        if (conditions.ready && meant_for_us(conditions, topology)) choice.cluster.push_back(backend);
        if (conditions.ready && conditions.local) choice.local.push_back(backend);
        if (last_resort) leaving.push_back(backend);
        if (last_resort && conditions.local) leaving_here.push_back(backend);
    }
    if (choice.cluster.empty()) choice.cluster = std::move(leaving);
    if (choice.local.empty()) choice.local = std::move(leaving_here);
    return choice;
}

std::vector<plan::Backend> draining(const Choice& choice, const plan::Frontend& frontend) {
    auto rest = without(choice.serving, frontend.backends);
    if (frontend.outside) rest = without(rest, *frontend.outside);
    for (plan::Backend& backend : rest)
        backend.weight = 1;  // nobody weighs it
    return rest;
}

}  // namespace beeline::compile
