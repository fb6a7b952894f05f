#include "compile/claims.h"

#include <fmt/format.h>

namespace beeline::compile {

void claim(Services& services, const plan::FrontendKey& key, const plan::Frontend& frontend, const std::string& field) {
    const auto [taken, fresh] = services.frontends.try_emplace(key, frontend);
    if (fresh || taken->second.service == frontend.service) return;
    refuse(services, key, frontend,
           fmt::format("{}: {} port {} of {} belongs to {} ({})", field, to_string(key.proto), key.port.value,
                       to_string(key.addr), taken->second.name, plan::kind_name(taken->second.kind)));
}

void refuse(Services& services, const plan::FrontendKey& key, const plan::Frontend& frontend, std::string reason) {
    services.unserved.insert({key, {frontend.service, frontend.name, std::move(reason)}});
}

}  // namespace beeline::compile
