#include "compile/services.h"

namespace beeline::compile {

std::set<model::Name> Services::concerned(const model::Snapshot& now) {
    std::set<model::Name> names = members_.update(now);
    each_difference(snapshot_.services, now.services,
                    [&](const auto* old, const auto* fresh) { names.insert((fresh == nullptr ? old : fresh)->first); });
    if (now.node != snapshot_.node)
        for (const auto& [name, service] : now.services)
            names.insert(name);
    return names;
}

bool Services::update(const model::Snapshot& now) {
    bool changed = false;
    for (const model::Name& name : concerned(now)) {
        const auto service = now.services.find(name);
        Wishes wishes;
        if (service != now.services.end()) wishes = wishes_of(*service->second, members_, now.node);
        changed |= claims_.set(name, std::move(wishes));
    }
    if (now.endpoints != snapshot_.endpoints || now.up != snapshot_.up || !now.pods.same(snapshot_.pods))
        changed |= claims_.set(model::Name{}, host_ports(now));  // no Service is without a name
    claims_.settle();
    snapshot_ = now;
    return changed;
}

}  // namespace beeline::compile
